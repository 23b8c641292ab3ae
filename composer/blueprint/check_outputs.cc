#include <fmt/format.h>
#include <map>

#include "composer/blueprint/checks.h"

namespace composer::blueprint {
namespace {

std::string_view extension_of(OutputFormat format) {
  switch (format) {
    case OutputFormat::raw:
      return "raw";
    case OutputFormat::vhd_fixed:
      return "vhd";
    case OutputFormat::qcow2:
      return "qcow2";
    case OutputFormat::directory:
      return "root";
    case OutputFormat::tar:
      return "tar";
  }
  return {};
}

void check_compression(const OutputRequest& output, const Node& node, Findings& findings) {
  if (!output.compression || *output.format == OutputFormat::qcow2 ||
      **output.compression == Compression::none) {
    return;
  }
  findings.report(node, node.find("compression")->at,
                  {fmt::format("format '{}' has no compression", to_text(*output.format)),
                   "remove 'compression', or write 'format: qcow2'"});
}

void check_extension(const OutputRequest& output, const Node& node, Findings& findings) {
  if (!output.filename) return;
  const std::string& name = **output.filename;
  const std::string ending = fmt::format(".{}", extension_of(*output.format));
  const bool good =
      name.ends_with(ending) || (*output.format == OutputFormat::raw && name.ends_with(".img"));
  if (good && name != ending) return;
  findings.report(node, node.find("filename")->at,
                  {fmt::format("file name '{}' of a {} does not end in '{}'", name,
                               to_text(*output.format), ending),
                   fmt::format("did you mean '{}{}'?", name.substr(0, name.rfind('.')), ending)});
}

bool needs_disk(OutputFormat format) {
  return format != OutputFormat::directory && format != OutputFormat::tar;
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
  const std::vector<Node>& outputs = items_of(&root, "outputs");
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Node* format = outputs[i].find("format");
    if (format == nullptr || !findings.sound(*format)) continue;
    if (!needs_disk(*blueprint.outputs[i].format)) continue;
    findings.report(
        *format,
        {fmt::format("output format '{}' is made of a disk, and the blueprint has none",
                     format->text),
         root.has("boot") ? "add 'disk:' and its partitions"
                          : "add 'disk:' and 'boot:', or write 'format: directory' or 'tar'"});
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
    check_extension(output, node, findings);
    if (!output.filename && !findings.sound(root, "name")) continue;
    const std::string name =
        output.filename ? **output.filename
                        : fmt::format("{}.{}", *blueprint.name, extension_of(*output.format));
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
