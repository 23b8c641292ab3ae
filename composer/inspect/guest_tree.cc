#include "composer/inspect/guest_tree.h"

#include <map>

namespace composer::inspect {
namespace {

/// A file is the number of its path, in the order in which they were met.
class GuestTree final : public FileTree {
 public:
  GuestTree(std::shared_ptr<guest::Session> session, std::string point)
      : session_(std::move(session)) {
    files_.push_back({std::move(point), {}, 0, {}});
    files_[0].status = session_->status(files_[0].path);
  }

  Node root() const override { return 0; }

  std::optional<Node> find(Node directory, std::string_view name) const override {
    const Directory& listing = listing_of(directory);
    const auto found = listing.find(name);
    return found == listing.end() ? std::nullopt : std::optional(found->second);
  }

  FileStatus status(Node node) const override { return files_.at(node).status; }

  std::vector<std::string> names(Node directory) const override {
    std::vector<std::string> found;
    for (const auto& [name, node] : listing_of(directory)) found.push_back(name);
    return found;
  }

  std::string target(Node link) const override { return session_->read_link(files_.at(link).path); }

  std::string read(Node file, std::uint64_t offset, std::size_t most) const override {
    return session_->read(files_.at(file).path, offset, most);
  }

  /// Those of all files of a directory are asked for at once: a question takes a millisecond or
  /// two, and SELinux has a label on every file.
  ExtendedAttributes xattrs(Node node) const override {
    if (node == 0) return {};
    const Node parent = files_.at(node).parent;
    const auto [known, is_new] = attributes_.try_emplace(parent);
    if (is_new) known->second = session_->xattrs(files_[parent].path, names(parent));
    const auto found = known->second.find(files_[node].name);
    return found == known->second.end() ? ExtendedAttributes{} : found->second;
  }

 private:
  using Directory = std::map<std::string, Node, std::less<>>;
  struct File {
    std::string path;
    std::string name;
    Node parent = 0;
    FileStatus status;
  };

  const Directory& listing_of(Node directory) const {
    const auto known = listings_.find(directory);
    if (known != listings_.end()) return known->second;
    Directory listing;
    const std::string path = files_.at(directory).path;
    for (const auto& [name, status] : session_->list(path)) {
      if (!is_file_name(name)) continue;
      files_.push_back({path + "/" + name, name, directory, status});
      listing.emplace(name, files_.size() - 1);
    }
    return listings_.emplace(directory, std::move(listing)).first->second;
  }

  std::shared_ptr<guest::Session> session_;
  mutable std::vector<File> files_;
  mutable std::map<Node, Directory> listings_;
  mutable std::map<Node, std::map<std::string, ExtendedAttributes>> attributes_;
};

}  // namespace

std::unique_ptr<FileTree> open_in_guest(std::shared_ptr<guest::Session> session,
                                        std::string point) {
  return std::make_unique<GuestTree>(std::move(session), std::move(point));
}

}  // namespace composer::inspect
