#pragma once

#include <rpm/header.h>
#include <string>
#include <string_view>
#include <vector>

namespace composer::rpm {

/// What is told of one package: texts, a NUL behind each.
using TellHeader = std::string (*)(Header header);

/// Goes through an rpm database, in a process of its own and for a limited time, since librpm
/// trusts a database more than an image deserves. Nothing of the host's own rpm is read.
///
/// @param database  The content of rpmdb.sqlite.
/// @returns The texts of all packages, in the database's order.
/// @throws Error  when it is no such database, or damaged.
std::vector<std::string> read_database(std::string_view database, TellHeader tell);

/// A tag's text, or an empty one.
std::string text_of(Header header, rpmTag tag);

}  // namespace composer::rpm
