#include "composer/azure/provisioning_media.h"

#include <fmt/format.h>

#include "composer/azure/medium_dates.h"
#include "composer/azure/message.h"
#include "composer/base/base64.h"
#include "composer/base/file_descriptor.h"
#include "composer/base/xml_text.h"
#include "composer/host/process.h"

namespace composer::azure {

std::string ovf_env(const VirtualMachine& machine) {
  return fmt::format(
      R"(<?xml version="1.0" encoding="utf-8"?>
<ns0:Environment xmlns="http://schemas.dmtf.org/ovf/environment/1"
  xmlns:ns0="http://schemas.dmtf.org/ovf/environment/1"
  xmlns:ns1="http://schemas.microsoft.com/windowsazure"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <ns1:ProvisioningSection>
  <ns1:Version>1.0</ns1:Version>
  <ns1:LinuxProvisioningConfigurationSet>
   <ns1:ConfigurationSetType>LinuxProvisioningConfiguration</ns1:ConfigurationSetType>
   <ns1:HostName>{}</ns1:HostName>
   <ns1:UserName>{}</ns1:UserName>
   <ns1:DisableSshPasswordAuthentication>true</ns1:DisableSshPasswordAuthentication>
   <ns1:SSH>
    <ns1:PublicKeys>
     <ns1:PublicKey>
      <ns1:Path>/home/{}/.ssh/authorized_keys</ns1:Path>
      <ns1:Value>{}</ns1:Value>
     </ns1:PublicKey>
    </ns1:PublicKeys>
   </ns1:SSH>
   <ns1:CustomData>{}</ns1:CustomData>
  </ns1:LinuxProvisioningConfigurationSet>
 </ns1:ProvisioningSection>
 <ns1:PlatformSettingsSection>
  <ns1:Version>1.0</ns1:Version>
  <ns1:PlatformSettings>
   <ns1:KmsServerHostname>kms.core.windows.net</ns1:KmsServerHostname>
   <ns1:ProvisionGuestAgent>true</ns1:ProvisionGuestAgent>
   <ns1:GuestAgentPackageName xsi:nil="true"/>
   <ns1:PreprovisionedVm>false</ns1:PreprovisionedVm>
   <ns1:PreprovisionedVMType xsi:nil="true"/>
  </ns1:PlatformSettings>
 </ns1:PlatformSettingsSection>
</ns0:Environment>
)",
      xml_text(machine.host_name), xml_text(machine.user_name), xml_text(machine.user_name),
      xml_text(machine.ssh_public_key), base64_encode(machine.custom_data));
}

std::filesystem::path make_provisioning_media(const VirtualMachine& machine,
                                              const std::filesystem::path& folder,
                                              Progress& progress) {
  const std::filesystem::path document = folder / "ovf-env.xml";
  const std::filesystem::path medium = folder / "media.iso";
  write_file_atomically(document, ovf_env(machine), 0600);
  host::CommandRunner(progress).check(
      {{"genisoimage", "-quiet", "-udf", "-input-charset", "utf-8", "-V", "provisioning", "-o",
        medium.string(), document.string()},
       {},
       {}});
  std::string bytes = read_file(medium);
  settle_dates(bytes);
  write_file_atomically(medium, bytes, 0600);
  return medium;
}

}  // namespace composer::azure
