#include "composer/lint/report.h"

#include "tests/unit/blueprint/acceptance.h"
#include "tests/unit/lint/sample_image.h"

namespace composer::lint {
namespace {

/// An image for generation 2 with a fault in most groups, one rule that cannot be judged, and one
/// that is ignored.
Report faulty_report() {
  SampleImage image = good_image(LintProfile::azure_gen2);
  Subject& subject = image.subject;
  subject.name = "out/faulty image.vhd";
  // The file and the disk.
  subject.file->footer.replace(28, 4, "vpc ");
  subject.file->size += Bytes{512};
  subject.disk->problems = {"there is no backup header at the last sector"};
  subject.disk->partitions[0].start = KiB(512);
  subject.disk->partitions.push_back(
      {3, "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "", "swap", GiB(29), GiB(1)});
  subject.filesystems.push_back({3, "swap", "", ""});
  image.root.file("/etc/fstab", image.root.read("/etc/fstab").value() +
                                    "LABEL=data /data ext4 defaults 0 2\n"
                                    "/dev/sdb1 none swap sw,nofail 0 0\n");
  // The boot loader and the kernel.
  image.edit("/boot/grub2/grub.cfg", "console=ttyS0 earlyprintk=ttyS0", "rhgb quiet");
  image.edit("/etc/dracut.conf.d/50-azure.conf", "hv_storvsc", "");
  image.root.file("/etc/modprobe.d/cis.conf", "install vfat /bin/false\nblacklist udf\n");
  // Services.
  image.edit("/etc/waagent.conf", "EnableSwap=n", "EnableSwap=y");
  image.root.file("/etc/cloud/cloud.cfg.d/95.cfg", "datasource_list: *all\n");
  image.edit("/etc/chrony.d/azure.conf", "ptp_hyperv", "ptp0");
  image.edit("/etc/ssh/sshd_config.d/50-azure.conf", "Interval 120", "Interval 1h");
  // What is left in it, and what is installed.
  image.edit("/etc/shadow", "root:!", "root:$6$salt$hash");
  image.root.file("/home/b\xc3\xbcro/.ssh/authorized_keys", "ssh-ed25519 AAAA\n")
      .file("/etc/ssh/ssh_host_rsa_key", "secret")
      .file("/etc/hostname", "web\xff\n")
      .file("/var/log/anaconda/packaging.log", "line\n");
  for (int i = 0; i < 7; ++i) {
    image.root.file("/var/cache/dnf/" + std::to_string(i) + ".solv", "x");
  }
  image.add_package("fedora-release", "42");
  image.edit("/etc/yum.repos.d/azurelinux.repo", "gpgcheck=1", "gpgcheck=0");
  image.edit("/etc/selinux/config", "enforcing", "permissive");
  image.remove_package("azure-vm-utils");
  image.label();
  return judged(image, LintProfile::azure_gen2,
                {{"hostname-not-fixed", "a demonstration of \"ignored\""}});
}

void compare(const std::string& text, const std::string& name) {
  test::compare_with_file(text, COMPOSER_TEST_DATA "/golden/lint/" + name);
}

TEST_CASE("a faulty image is reported for people as the golden text says") {
  compare(report_text(faulty_report()), "faulty.txt");
}

TEST_CASE("a faulty image is reported as JSON as the golden file says") {
  const Report report = faulty_report();
  compare(report_json({&report, 1}, "0.0.0"), "faulty.json");
}

TEST_CASE("a faulty image is reported as SARIF as the golden file says") {
  const Report report = faulty_report();
  compare(report_sarif({&report, 1}, "0.0.0"), "faulty.sarif");
}

}  // namespace
}  // namespace composer::lint
