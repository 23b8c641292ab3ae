#include "composer/image/oci_writer.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <sys/stat.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/image/oci_documents.h"
#include "composer/image/stream_compressor.h"
#include "composer/image/tar_archive.h"
#include "composer/image/tar_header.h"

namespace composer::image {
namespace {

using namespace oci;

const std::string kBlobs = "blobs/sha256/";

/// In a layer such a name says that a file of a layer below is gone; there is no way to say that a
/// file has it. Source: OCI Image Layer Filesystem Changeset, "Whiteouts".
void refuse_whiteout(const TreeEntry& entry) {
  if (!entry.name.starts_with(".wh.")) return;
  throw Error(ErrorKind::build,
              fmt::format("the image holds '/{}', which in a layer does not mean a file but that "
                          "one is deleted",
                          entry.path),
              "remove it, or write 'format: tar'");
}

/// Security labels are the runtime's: it gives each container its own.
TreeWalk without_labels(TreeWalk walk) {
  walk.left_out_attributes = {"security.selinux", "security.ima", "security.evm"};
  return walk;
}

Layer write_layer(const RootJob& job, const std::function<void(std::string_view)>& sink) {
  Hasher archive(HashAlgorithm::sha256), blob(HashAlgorithm::sha256);
  Layer layer;
  layer.compression = job.output.compression;
  const auto compressor =
      make_stream_compressor(job.output.compression, job.threads, [&](std::string_view bytes) {
        blob.update(bytes);
        layer.blob.size += bytes.size();
        sink(bytes);
      });
  const auto on_bytes = [&](std::string_view bytes) {
    job.meter.check();
    archive.update(bytes);
    compressor->write(bytes);
    job.meter.advance(bytes.size(), job.output.filename);
  };
  write_tar(job.root, without_labels(job.walk), on_bytes, {.check = refuse_whiteout});
  compressor->finish();
  layer.diff_id = archive.finish_hex();
  layer.blob.digest = blob.finish_hex();
  return layer;
}

/// What a layout holds beside the layer, in the order in which it is written.
struct Documents {
  struct File {
    std::string path, content;
  };
  std::vector<File> files;
  std::string manifest_digest;
};

Documents documents_of(const RootJob& job, const Layer& layer) {
  Documents documents;
  const auto blob = [&](std::string content) {
    const Blob stored{sha256_hex(content), content.size()};
    documents.files.push_back({kBlobs + stored.digest, std::move(content)});
    return stored;
  };
  const PlannedContainer container = job.output.container.value_or(PlannedContainer{});
  const Blob config = blob(config_document(job.plan, container, layer));
  const Blob manifest = blob(manifest_document(config, layer));
  documents.files.push_back({"oci-layout", layout_document()});
  documents.files.push_back({"index.json", index_document(job.plan, container, manifest)});
  documents.manifest_digest = manifest.digest;
  return documents;
}

/// A layout directory in the making, mode 0755 as far as the umask lets it.
class LayoutDirectory {
 public:
  explicit LayoutDirectory(PartialDirectory& directory) : directory_(directory) {
    for (const char* name : {"blobs", "blobs/sha256"}) {
      if (::mkdirat(directory.fd(), name, 0755) != 0) fail("make", name);
    }
  }

  FileDescriptor create(const std::string& path) const {
    FileDescriptor fd(::openat(directory_.fd(), path.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd) fail("make", path);
    return fd;
  }

  void write(const std::string& path, std::string_view content) const {
    write_all(create(path).get(), content, name_of(path));
  }

  void rename(const std::string& from, const std::string& to) const {
    if (::renameat(directory_.fd(), from.c_str(), directory_.fd(), to.c_str()) != 0) {
      fail("rename", from);
    }
  }

  void open_to_all() const {
    if (::fchmod(directory_.fd(), 0755) != 0) fail("change the mode of", ".");
  }

  std::string name_of(const std::string& path) const { return (directory_.path() / path).string(); }

 private:
  [[noreturn]] void fail(std::string_view action, const std::string& path) const {
    throw system_error(fmt::format("cannot {} '{}'", action, name_of(path)), errno);
  }

  PartialDirectory& directory_;
};

}  // namespace

WrittenDirectory write_oci_directory(const RootJob& job, PartialDirectory& directory) {
  const LayoutDirectory layout(directory);
  // It gets its name when its digest is known.
  const std::string unnamed = kBlobs + "layer";
  const FileDescriptor blob = layout.create(unnamed);
  const Layer layer = write_layer(
      job, [&](std::string_view bytes) { write_all(blob.get(), bytes, layout.name_of(unnamed)); });
  layout.rename(unnamed, kBlobs + layer.blob.digest);
  const Documents documents = documents_of(job, layer);
  Bytes size{layer.blob.size};
  for (const Documents::File& file : documents.files) {
    layout.write(file.path, file.content);
    size.count += file.content.size();
  }
  layout.open_to_all();
  return {size, documents.manifest_digest};
}

void write_oci_archive(const RootJob& job, PartialFile& file) {
  // The layer comes first, behind room for its header, whose name and size are known afterwards.
  std::uint64_t end = kTarBlock;
  const auto append = [&](std::string_view bytes) {
    file.expect({end + bytes.size()});
    file.write_at(bytes, end);
    end += bytes.size();
  };
  const std::int64_t epoch = job.walk.source_date_epoch;
  const Layer layer = write_layer(job, append);
  file.write_at(tar_header(kBlobs + layer.blob.digest, layer.blob.size, epoch), 0);
  append(tar_padding(layer.blob.size));
  for (const Documents::File& document : documents_of(job, layer).files) {
    append(tar_header(document.path, document.content.size(), epoch));
    append(document.content);
    append(tar_padding(document.content.size()));
  }
  append(tar_end());
}

}  // namespace composer::image
