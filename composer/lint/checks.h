#pragma once

#include "composer/lint/rule.h"

// One function for each rule; rules_*.h say what they are about. Each looks at what its rule needs
// and nothing else, so that one fault is one finding.

namespace composer::lint {

/// Whether a device is named by its place: `/dev/sda2`, `/dev/nvme0n1p2`.
bool is_device_name(std::string_view device);

// rules_disk.h
Verdict check_vhd_footer(const Examination& examination);
Verdict check_vhd_whole_mebibytes(const Examination& examination);
Verdict check_vhd_file_length(const Examination& examination);
Verdict check_disk_size_limits(const Examination& examination);
Verdict check_disk_size_marketplace(const Examination& examination);
Verdict check_image_format(const Examination& examination);
Verdict check_vhd_creator(const Examination& examination);
Verdict check_partition_table_whole(const Examination& examination);
Verdict check_partitions_aligned(const Examination& examination);
Verdict check_first_mebibyte_free(const Examination& examination);
Verdict check_esp_present(const Examination& examination);
Verdict check_efi_fallback_loader(const Examination& examination);
Verdict check_bios_boot_code(const Examination& examination);
Verdict check_generation1_architecture(const Examination& examination);
Verdict check_boot_entries(const Examination& examination);
Verdict check_fstab_device_names(const Examination& examination);
Verdict check_one_root_mount(const Examination& examination);
Verdict check_esp_mount_options(const Examination& examination);
Verdict check_no_lvm(const Examination& examination);
Verdict check_fstab_devices_exist(const Examination& examination);
Verdict check_root_argument_exists(const Examination& examination);

// rules_boot.h
Verdict check_serial_console(const Examination& examination);
Verdict check_early_printk(const Examination& examination);
Verdict check_root_delay(const Examination& examination);
Verdict check_interface_names(const Examination& examination);
Verdict check_no_quiet_boot(const Examination& examination);
Verdict check_provisioning_medium_visible(const Examination& examination);
Verdict check_root_by_identity(const Examination& examination);
Verdict check_fips_argument(const Examination& examination);
Verdict check_no_zram_argument(const Examination& examination);
Verdict check_grub_config_private(const Examination& examination);
Verdict check_hyperv_boot_drivers(const Examination& examination);
Verdict check_hyperv_service_drivers(const Examination& examination);
Verdict check_hyperv_input_drivers(const Examination& examination);
Verdict check_accelerated_network_drivers(const Examination& examination);
Verdict check_generic_initramfs(const Examination& examination);
Verdict check_dracut_keeps_drivers(const Examination& examination);
Verdict check_vfat_allowed(const Examination& examination);
Verdict check_udf_allowed(const Examination& examination);
Verdict check_udf_custom_data(const Examination& examination);
Verdict check_watchdog_and_cifs(const Examination& examination);
Verdict check_modules_match_kernel(const Examination& examination);
Verdict check_kernel_bootable(const Examination& examination);

// rules_services.h
Verdict check_azure_agent_installed(const Examination& examination);
Verdict check_azure_agent_enabled(const Examination& examination);
Verdict check_cloud_init_enabled(const Examination& examination);
Verdict check_provisioning_agent(const Examination& examination);
Verdict check_resource_disk_format(const Examination& examination);
Verdict check_resource_disk_swap(const Examination& examination);
Verdict check_azure_datasource(const Examination& examination);
Verdict check_cloud_init_disk_modules(const Examination& examination);
Verdict check_hyperv_kvp(const Examination& examination);
Verdict check_chrony_enabled(const Examination& examination);
Verdict check_ptp_clock(const Examination& examination);
Verdict check_chrony_makestep(const Examination& examination);
Verdict check_one_time_service(const Examination& examination);
Verdict check_ptp_device_link(const Examination& examination);
Verdict check_azure_disk_links(const Examination& examination);
Verdict check_sriov_unmanaged(const Examination& examination);
Verdict check_no_persistent_net_rules(const Examination& examination);
Verdict check_sshd_enabled(const Examination& examination);
Verdict check_ssh_keep_alive(const Examination& examination);
Verdict check_ssh_root_login(const Examination& examination);

// rules_leftovers.h
Verdict check_root_locked(const Examination& examination);
Verdict check_no_passwords(const Examination& examination);
Verdict check_no_authorized_keys(const Examination& examination);
Verdict check_no_targetpw(const Examination& examination);
Verdict check_no_ssh_host_keys(const Examination& examination);
Verdict check_machine_id_unset(const Examination& examination);
Verdict check_no_resolver_leftovers(const Examination& examination);
Verdict check_no_dhcp_leases(const Examination& examination);
Verdict check_no_agent_state(const Examination& examination);
Verdict check_no_cloud_init_state(const Examination& examination);
Verdict check_no_logs(const Examination& examination);
Verdict check_no_random_seed(const Examination& examination);
Verdict check_shell_history_small(const Examination& examination);
Verdict check_shell_history_empty(const Examination& examination);
Verdict check_no_package_caches(const Examination& examination);
Verdict check_no_temporary_files(const Examination& examination);
Verdict check_hostname_not_fixed(const Examination& examination);
Verdict check_no_swap_partition(const Examination& examination);
Verdict check_no_fstab_swap(const Examination& examination);
Verdict check_no_swap_file(const Examination& examination);
Verdict check_no_zram_section(const Examination& examination);
Verdict check_umask(const Examination& examination);
Verdict check_shadow_private(const Examination& examination);
Verdict check_one_fips_provider(const Examination& examination);

// rules_packages.h
Verdict check_python_version(const Examination& examination);
Verdict check_openssl_version(const Examination& examination);
Verdict check_sixty_four_bits(const Examination& examination);
Verdict check_omi_version(const Examination& examination);
Verdict check_repositories_enabled(const Examination& examination);
Verdict check_repository_signatures(const Examination& examination);
Verdict check_repository_addresses(const Examination& examination);
Verdict check_release_package(const Examination& examination);
Verdict check_forbidden_packages(const Examination& examination);
Verdict check_os_release(const Examination& examination);
Verdict check_installed_size(const Examination& examination);
Verdict check_artefact_size(const Examination& examination);

// rules_security.h
Verdict check_selinux_policy(const Examination& examination);
Verdict check_selinux_enforcing(const Examination& examination);
Verdict check_selinux_labels(const Examination& examination);
Verdict check_no_autorelabel(const Examination& examination);
Verdict check_secure_boot_signatures(const Examination& examination);
Verdict check_secure_boot_sbat(const Examination& examination);
Verdict check_shim_signed_by_microsoft(const Examination& examination);
Verdict check_modules_signed(const Examination& examination);
Verdict check_confidential_uki(const Examination& examination);
Verdict check_confidential_esp_size(const Examination& examination);
Verdict check_confidential_kernel(const Examination& examination);
Verdict check_vtpm_tools(const Examination& examination);
Verdict check_nvme_ready(const Examination& examination);
Verdict check_nvme_tools(const Examination& examination);

}  // namespace composer::lint
