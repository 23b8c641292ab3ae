#pragma once

#include <string>

namespace composer::azure {

/// Sets every date of a medium that genisoimage wrote with -udf (and the number that it makes of
/// the date, which is to tell volumes apart) to 2020-01-01 00:00 UTC: genisoimage 1.1.11 knows no
/// SOURCE_DATE_EPOCH, and the same document shall be the same medium.
///
/// @param medium  Sectors of 2048 bytes; what is no valid descriptor is left alone.
/// Source: ECMA-167 3rd edition, 1/7.3 (timestamp), 3/7.2 (tag), 3/10.1, 3/10.10, 4/14.1, 4/14.9;
/// ECMA-119, 8.4 and 9.1.
void settle_dates(std::string& medium);

}  // namespace composer::azure
