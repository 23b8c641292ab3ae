#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <span>

#include "composer/blueprint/checks.h"
#include "composer/output_format.h"

namespace composer::blueprint {
namespace {

std::string words_of(std::span<const Compression> compressions) {
  std::string words;
  for (const Compression compression : compressions) {
    words += fmt::format("{}'{}'", words.empty() ? "" : " or ", to_text(compression));
  }
  return words;
}

Compression compression_of(const OutputRequest& output) {
  return output.compression ? **output.compression : facts_of(*output.format).compressions[0];
}

void check_compression(const OutputRequest& output, const Node& node, Findings& findings) {
  if (!output.compression) return;
  const auto possible = facts_of(*output.format).compressions;
  if (std::find(possible.begin(), possible.end(), **output.compression) != possible.end()) return;
  const Span at = node.find("compression")->at;
  if (possible.size() == 1 && possible[0] == Compression::none) {
    findings.report(node, at,
                    {fmt::format("format '{}' has no compression", to_text(*output.format)),
                     "remove 'compression'"});
  } else {
    findings.report(node, at,
                    {fmt::format("format '{}' is not compressed with '{}'", to_text(*output.format),
                                 to_text(**output.compression)),
                     fmt::format("write {}", words_of(possible))});
  }
}

void check_sector_size(const OutputRequest& output, const Node& node, Findings& findings) {
  if (!output.sector_size) return;
  const Span at = node.find("sector_size")->at;
  if (*output.format != OutputFormat::vhdx) {
    findings.report(node, at,
                    {fmt::format("format '{}' does not say how large sectors are, only a vhdx does",
                                 to_text(*output.format)),
                     "remove 'sector_size'"});
  } else if (const auto refused = refuse_sector_size(**output.sector_size)) {
    findings.report(
        node, at,
        {fmt::format("sectors of '{}' cannot be: {}", to_text(**output.sector_size), refused->why),
         std::string(refused->hint)});
  }
}

void check_container(const OutputRequest& output, const Node& node, Findings& findings) {
  if (!output.container || *output.format == OutputFormat::oci ||
      *output.format == OutputFormat::oci_archive) {
    return;
  }
  findings.report(
      node, node.find("container")->at,
      {fmt::format("format '{}' says nothing of what a container runs, only an oci does",
                   to_text(*output.format)),
       "remove 'container'"});
}

void check_extension(const OutputRequest& output, const Node& node, Findings& findings) {
  if (!output.filename) return;
  const std::string& name = **output.filename;
  const Compression compression = compression_of(output);
  const std::string_view ending = extension_of(*output.format, compression);
  const bool plain_raw = *output.format == OutputFormat::raw && compression == Compression::none;
  const bool good = name.ends_with(ending) || (plain_raw && name.ends_with(".img"));
  if (good && name != ending) return;
  // `a.raw.zst` where `a.raw` or `a.zst` was written, and where `a.x` was.
  const std::string_view first = ending.substr(0, ending.find('.', 1));
  std::string_view stem = std::string_view(name).substr(0, name.rfind('.'));
  if (stem.ends_with(first)) stem.remove_suffix(first.size());
  findings.report(node, node.find("filename")->at,
                  {fmt::format("file name '{}' of a {} does not end in '{}'", name,
                               to_text(*output.format), ending),
                   fmt::format("did you mean '{}{}'?", stem, ending)});
}

/// `disk` and `boot` are there or not together, and there where an output is made of the disk.
void check_sections(const Blueprint& blueprint, const Node& root, Findings& findings) {
  if (root.has("disk")) {
    if (!root.has("boot")) {
      findings.report(root, {"the blueprint has a disk and needs the key 'boot'",
                             "add 'boot:' and the boot section"});
    }
    return;
  }
  if (root.has("base")) return;  // That image has a disk.
  const std::vector<Node>& outputs = items_of(&root, "outputs");
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Node* format = outputs[i].find("format");
    if (format == nullptr || !findings.sound(*format)) continue;
    if (!is_made_of_disk(*blueprint.outputs[i].format)) continue;
    findings.report(
        *format,
        {fmt::format("output format '{}' is made of a disk, and the blueprint has none",
                     format->text),
         root.has("boot") ? "add 'disk:' and its partitions"
                          : "add 'disk:' and 'boot:', or write 'format: tar', 'oci' or 'wsl'"});
    return;
  }
  for (const std::string_view key : {"boot", "tests"}) {
    const Node* section = root.find(key);
    if (section == nullptr || (key == "tests" && !section->has("boot"))) continue;
    findings.report(key == "tests" ? *section->find("boot") : *section,
                    {fmt::format("'{}' says how the image starts, and there is no disk to start "
                                 "from",
                                 key == "tests" ? "tests.boot" : key),
                     "remove it, or add 'disk:'"});
  }
}

}  // namespace

void check_outputs(const Blueprint& blueprint, const Node& root, Findings& findings) {
  check_sections(blueprint, root, findings);
  const Node* list = root.find("outputs");
  if (list == nullptr || list->kind != Node::Kind::sequence) return;
  if (list->items.empty()) {
    findings.report(*list, {"no output is asked for", "add one: '- {format: vhd-fixed}'"});
  }
  std::map<std::string, Span> places;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& node = list->items[i];
    const OutputRequest& output = blueprint.outputs[i];
    if (!findings.sound(node)) continue;
    check_compression(output, node, findings);
    check_sector_size(output, node, findings);
    check_container(output, node, findings);
    check_extension(output, node, findings);
    if (!output.filename && !findings.sound(root, "name")) continue;
    const std::string name =
        output.filename ? **output.filename
                        : fmt::format("{}{}", *blueprint.name,
                                      extension_of(*output.format, compression_of(output)));
    const auto [first, added] = places.try_emplace(name, node.at);
    if (!added) {
      const Node* written = node.find("filename");
      findings.report(node, (written != nullptr ? *written : node).at,
                      {fmt::format("output file '{}' is already made by the output {}", name,
                                   place_beside(node.at, first->second)),
                       "give each output a 'filename' of its own"});
    }
  }
}

}  // namespace composer::blueprint
