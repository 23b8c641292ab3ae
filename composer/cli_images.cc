#include "composer/cli_images.h"

#include <array>

#include "composer/cli_words.h"

namespace composer {

void add_lint(CLI::App& app, LintCommand& request) {
  CLI::App* command = app.add_subcommand("lint", "Check images without starting them");
  command->description(
      "Checks finished images by the rules of docs/lint.md: what Azure and Hyper-V ask for, what\n"
      "must not be left in an image. Nothing is started, mounted or written, and no root needed.\n"
      "\n"
      "  image-composer lint out/azure-gen2.vhd --profile azure-gen2\n"
      "  image-composer lint vm.vhd --profile azure-gen2 --ignore 'umask=our users share files'\n"
      "  image-composer lint vm.vhd --profile trusted-launch --format sarif >lint.sarif\n"
      "  image-composer lint --list\n");
  command->add_option("IMAGE", request.images, "Images: VHD, VHDX, qcow2, raw, tar or a directory")
      ->check(CLI::ExistingPath);
  command
      ->add_option("--profile", request.profiles,
                   "What the image is for: azure-gen1, azure-gen2, trusted-launch, confidential,\n"
                   "hyperv, wsl, container; may be given again [plan.lock's]")
      ->transform(one_of_texts<LintProfile>(lint::kAllProfiles))
      ->type_name("PROFILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      ->add_option("--ignore", request.ignore, "A rule that may fail, and why; may be given again")
      ->type_name("RULE=REASON")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--format", request.format, "text, json or sarif [text]")
      ->transform(one_of<LintFormat>(
          {{"text", LintFormat::text}, {"json", LintFormat::json}, {"sarif", LintFormat::sarif}}))
      ->type_name("FORMAT");
  command
      ->add_option("--fail-on", request.fail_on, "Exit with 1 from error, warning or note [error]")
      ->transform(one_of<lint::Severity>({{"error", lint::Severity::error},
                                          {"warning", lint::Severity::warning},
                                          {"note", lint::Severity::note}}))
      ->type_name("SEVERITY");
  command->add_flag("--list", request.list, "Print all rules");
}

void add_inspect(CLI::App& app, InspectCommand& request) {
  CLI::App* command = app.add_subcommand("inspect", "Tell what is in an image");
  command->description(
      "Tells format and sizes, partitions and filesystems, operating system, kernels, boot "
      "loaders\n"
      "with their command lines, and packages. Nothing is started, mounted or written; no root.\n"
      "\n"
      "  image-composer inspect out/azure-gen2.vhd\n"
      "  image-composer inspect --packages vm.qcow2\n"
      "  image-composer inspect --json vm.vhdx | jq .disk.partitions\n");
  command->add_option("IMAGE", request.image, "Image: VHD, VHDX, qcow2, raw, tar or a directory")
      ->required()
      ->check(CLI::ExistingPath);
  command->add_flag("--packages", request.packages, "List every package");
  command->add_flag("--json", request.json, "Print JSON, for programs");
}

void add_diff(CLI::App& app, DiffCommand& request) {
  CLI::App* command = app.add_subcommand("diff", "Tell what is not the same in two images");
  command->description(
      "Compares two images of any format: sizes, partitions and filesystems, system, boot entries\n"
      "with their command lines, packages, and every file with owner, mode, attributes and "
      "content.\n"
      "Times are not compared. Exits with 0 when all is the same, else with 1.\n"
      "\n"
      "  image-composer diff old/vm.vhd new/vm.vhd\n"
      "  image-composer diff vm.qcow2 rootfs.tar --json\n");
  command->add_option("BEFORE", request.before, "Image: VHD, VHDX, qcow2, raw, tar or a directory")
      ->required()
      ->check(CLI::ExistingPath);
  command->add_option("AFTER", request.after, "The other")->required()->check(CLI::ExistingPath);
  command->add_flag("--json", request.json, "Print JSON, for programs");
}

void add_convert(CLI::App& app, ConvertRequest& request) {
  CLI::App* command = app.add_subcommand("convert", "Write an image in another format");
  command->description(
      "Writes the disk of an image as an image of another format: raw, raw in zstd, VHD, VHDX,\n"
      "qcow2. The input's format is what its content says, the output's what its name says. The\n"
      "same disk gives the same bytes each time. Needs no root.\n"
      "\n"
      "  image-composer convert vm.qcow2 vm.vhd                    fixed, as Azure wants it\n"
      "  image-composer convert vm.vhd vm.qcow2 --compression zlib\n"
      "  image-composer convert vm.vhdx vm.vhd --format vhd        dynamic\n");
  command->add_option("IN", request.input, "Image: VHD, VHDX, qcow2, raw, raw in zstd")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("OUT", request.output, "Image to write: .raw .raw.zst .vhd .vhdx .qcow2")
      ->required();
  command
      ->add_option("--format", request.format,
                   "raw, vhd-fixed, vhd (dynamic), vhdx or qcow2 [by OUT's name; .vhd is fixed]")
      ->transform(one_of_texts<OutputFormat>(convertible_formats()))
      ->type_name("FORMAT");
  command
      ->add_option("--compression", request.compression,
                   "none, zlib, zstd or zstd-fast [qcow2: zstd; raw: none, .raw.zst: zstd]")
      ->transform(one_of_texts<Compression>(std::array{Compression::none, Compression::zlib,
                                                       Compression::zstd, Compression::zstd_fast}))
      ->type_name("COMPRESSION");
  command
      ->add_option("--sector-size", request.sector_size,
                   "VHDX: 512n, or 512e for physical sectors of 4096 bytes [512n]")
      ->transform(
          one_of_texts<SectorSize>(std::array{SectorSize::native_512, SectorSize::emulated_512}))
      ->type_name("SIZE");
}

}  // namespace composer
