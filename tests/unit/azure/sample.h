#pragma once

#include "composer/azure/message.h"
#include "composer/azure/virtual_machine.h"

namespace composer::azure::test {

inline VirtualMachine sample() {
  return {"vm-1",
          "tester",
          "ssh-ed25519 AAAAC3Nz image-composer",
          "#cloud-config\n{}\n",
          "8a3c1f22-0d5e-4c11-8f00-0123456789ab",
          "00:0d:3a:10:20:30",
          "168.10.0.4",
          true};
}

inline Request get(std::string path, std::multimap<std::string, std::string> query = {},
                   std::multimap<std::string, std::string> headers = {}) {
  return {"GET", std::move(path), std::move(query), std::move(headers), {}};
}

}  // namespace composer::azure::test
