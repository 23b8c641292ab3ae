#include "composer/tree/grub_config.h"

#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

constexpr std::string_view kSerial = "serial --unit=0 --speed=115200";
constexpr std::size_t kEnvironmentSize = 1024;  ///< GRUB's include/grub/lib/envblk.h.
constexpr std::size_t kLongestTitle = 100;

// GRUB's script has sh's quoting.
std::string script_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

/// Elsewhere than on a PC the firmware's console is the serial line already.
bool needs_serial_terminal(const GrubMenu& menu) {
  return menu.serial_console && menu.arch == Architecture::x86_64;
}

std::string console(const GrubMenu& menu) {
  if (!needs_serial_terminal(menu)) return "terminal_input console\nterminal_output console\n";
  return fmt::format(
      "if {}; then\n"
      "  terminal_input serial console\n"
      "  terminal_output serial console\n"
      "else\n"
      "  terminal_input console\n"
      "  terminal_output console\n"
      "fi\n",
      kSerial);
}

std::string menu_entry(const GrubMenu& menu, std::string_view kernel) {
  return fmt::format(
      "menuentry {} --id {} {{\n"
      "  linux {}/vmlinuz-{} {}\n"
      "  initrd {}/initramfs-{}.img\n"
      "}}\n",
      script_word(fmt::format("{} ({})", menu.title, kernel)), script_word(kernel),
      menu.boot_prefix, kernel, grub_words(menu.kernel_command_line), menu.boot_prefix, kernel);
}

std::string shell_double_quoted(std::string_view text) {
  std::string quoted_text = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') quoted_text += '\\';
    quoted_text += c;
  }
  return quoted_text + "\"";
}

}  // namespace

std::string grub_configuration(const GrubMenu& menu) {
  std::string text = fmt::format(
      "# Both firmwares read this file. The defaults for making it anew are in /etc/default/grub.\n"
      "search --no-floppy --fs-uuid --set=root {}\n"
      "{}"
      "set timeout={}\n"
      "if [ -s $prefix/grubenv ]; then\n"
      "  load_env\n"
      "fi\n"
      "if [ \"${{next_entry}}\" ]; then\n"
      "  set default=\"${{next_entry}}\"\n"
      "  set next_entry=\n"
      "  save_env next_entry\n"
      "elif [ \"${{saved_entry}}\" ]; then\n"
      "  set default=\"${{saved_entry}}\"\n"
      "else\n"
      "  set default=0\n"
      "fi\n",
      menu.filesystem_uuid, console(menu), menu.timeout_seconds);
  if (menu.boot_entries == BootEntryReader::fedora) {
    return text +
           fmt::format("set boot=$root\nset blsdir={}/loader/entries\nblscfg\n", menu.boot_prefix);
  }
  if (menu.boot_entries == BootEntryReader::upstream) {
    return text + fmt::format("blscfg --path {}/loader/entries\n", menu.boot_prefix);
  }
  for (const std::string& kernel : menu.kernels) text += menu_entry(menu, kernel);
  return text;
}

std::string grub_stub(const GrubMenu& menu) {
  return fmt::format(
      "search --no-floppy --fs-uuid --set=root {}\n"
      "set prefix=($root){}/grub2\n"
      "configfile $prefix/grub.cfg\n",
      menu.filesystem_uuid, menu.boot_prefix);
}

std::string grub_early_configuration(const GrubMenu& menu) {
  return fmt::format("search.fs_uuid {} root\nset prefix=($root){}/grub2\n", menu.filesystem_uuid,
                     menu.boot_prefix);
}

std::string boot_loader_entry(const GrubMenu& menu, std::string_view kernel) {
  return fmt::format(
      "title {} ({})\n"
      "version {}\n"
      "linux {}/vmlinuz-{}\n"
      "initrd {}/initramfs-{}.img\n"
      "options {}\n"
      "grub_users $grub_users\n"
      "grub_arg --unrestricted\n"
      "grub_class kernel\n",
      menu.title, kernel, kernel, menu.boot_prefix, kernel, menu.boot_prefix, kernel,
      menu.kernel_command_line);
}

std::string grub_defaults(const GrubMenu& menu, std::string_view kernel_arguments) {
  const bool serial = needs_serial_terminal(menu);
  return fmt::format(
      "GRUB_DEFAULT=saved\n"
      "GRUB_TIMEOUT={}\n"
      "GRUB_DISTRIBUTOR={}\n"
      "GRUB_DISABLE_SUBMENU=true\n"
      "GRUB_DISABLE_RECOVERY=true\n"
      "GRUB_TERMINAL={}\n"
      "{}"
      "GRUB_CMDLINE_LINUX={}\n"
      "GRUB_ENABLE_BLSCFG={}\n",
      menu.timeout_seconds, shell_double_quoted(menu.title),
      serial ? "\"serial console\"" : "console",
      serial ? fmt::format("GRUB_SERIAL_COMMAND=\"{}\"\n", kSerial) : "",
      shell_double_quoted(kernel_arguments),
      menu.boot_entries == BootEntryReader::none ? "false" : "true");
}

std::string grub_environment() {
  std::string text =
      "# GRUB Environment Block\n"
      "# WARNING: Do not edit this file by tools other than grub-editenv!!!\n";
  text.resize(kEnvironmentSize, '#');
  return text;
}

std::string grub_words(std::string_view command_line) {
  std::string text;
  std::string word;
  bool in_word = false;
  bool in_quotes = false;
  const auto end_word = [&] {
    if (in_word) text += (text.empty() ? "" : " ") + script_word(word);
    word.clear();
    in_word = false;
  };
  for (const char c : command_line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      throw Error(ErrorKind::usage, "the kernel command line has a control character");
    }
    if (c == ' ' && !in_quotes) {
      end_word();
      continue;
    }
    in_word = true;
    if (c == '"') {
      in_quotes = !in_quotes;
    } else {
      word += c;
    }
  }
  if (in_quotes) {
    throw Error(ErrorKind::usage,
                fmt::format("the kernel command line has an open quote: '{}'", command_line));
  }
  end_word();
  return text;
}

std::string system_title(std::string_view os_release, std::string_view otherwise) {
  constexpr std::string_view kKey = "PRETTY_NAME=";
  for (std::string_view line : lines_of(os_release)) {
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    std::string title;
    for (const char c : line) {
      const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') ||
                        std::string_view(" ._-+():/").find(c) != std::string_view::npos;
      if (safe && title.size() < kLongestTitle) title += c;
    }
    if (!title.empty()) return title;
  }
  return std::string(otherwise);
}

}  // namespace composer::tree
