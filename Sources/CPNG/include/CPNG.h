#pragma once

#include <stddef.h>
#include <stdint.h>

// PNG pictures by libpng, from memory to memory; png.h and its long jumps stay in CPNG.c.
//
// Any bytes may be handed in. Nothing is printed, nothing is kept from call to call, and every function may run on
// any number of threads at once.

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CPNG_OK,
  // The bytes end too early.
  CPNG_TRUNCATED,
  CPNG_DAMAGED,
  CPNG_NO_MEMORY,
} cpng_result;

// Room for the words that go with a result other than CPNG_OK, their final 0 included.
enum { CPNG_MESSAGE_SIZE = 256 };

typedef struct {
  int width, height;
} cpng_header;

// In pixels.
typedef struct {
  int left, top, width, height;
} cpng_box;

// Reads up to the first pixels. A picture has at most a million pixels a side.
cpng_result cpng_read_header(const uint8_t *bytes, size_t count, cpng_header *header, char *message);

// Decodes what lies inside `box` to 3 bytes a pixel, rows without gaps.
//
// Grey becomes three equal bytes; alpha is dropped, not blended; of 16 bits the high 8 are kept; a colour beyond the
// palette is the grey of its number. Gamma, profiles and all else that is not needed for that is skipped unread.
//
// libpng's errors are errors, and so is an end of the bytes before the last row that is needed. With `strict` its
// warnings are, too (a wrong checksum of something skipped, more pixels than there should be), as are colours beyond
// the palette; and the file is then read to its end if the box reaches down to the last row.
//
// Memory beyond `rgb`: a row; of interlaced pictures 1 or 3 bytes for each pixel of the whole picture.
cpng_result cpng_decode(const uint8_t *bytes, size_t count, cpng_box box, int strict, uint8_t *rgb, char *message);

// Encodes 3 bytes a pixel. *bytes is for free().
cpng_result cpng_encode(const uint8_t *rgb, int width, int height, uint8_t **bytes, size_t *count, char *message);

#ifdef __cplusplus
}
#endif
