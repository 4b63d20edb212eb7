#include "CZlib.h"

#include <zlib.h>

uint32_t zlib_crc32(const void *bytes, size_t count) { return (uint32_t)crc32_z(0, bytes, count); }
