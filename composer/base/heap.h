#pragma once

namespace composer {

/// Lets what this process allocates lie in huge pages, where the kernel gives them to who asks
/// (/sys/kernel/mm/transparent_hugepage/enabled: madvise or always); elsewhere nothing changes.
///
/// Resolving touches 50 MiB once. In pages of 4 KiB that is 10,000 page faults, half of its time on
/// a virtual machine; in pages of 2 MiB a few hundred. Address space is set aside at once, memory
/// is taken as it is touched.
/// To be called once, before there are threads.
void use_huge_pages();

}  // namespace composer
