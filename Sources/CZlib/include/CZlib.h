#pragma once

#include <stddef.h>
#include <stdint.h>

// The CRC-32 of zlib, gzip and PNG.
uint32_t zlib_crc32(const void *bytes, size_t count);
