#pragma once

#include <stddef.h>
#include <stdint.h>

// JPEG pictures by libjpeg-turbo, from memory to memory; jpeglib.h and its long jumps stay in CJPEG.c.
//
// Any bytes may be handed in. Nothing is printed, nothing is kept from call to call, and every function may run on
// any number of threads at once.

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CJPEG_OK,
  // The bytes end too early.
  CJPEG_TRUNCATED,
  CJPEG_DAMAGED,
  // Well formed as far as anyone can tell, but of a kind that is not decoded.
  CJPEG_UNSUPPORTED,
  CJPEG_NO_MEMORY,
} cjpeg_result;

// Room for the words that go with a result other than CJPEG_OK, their final 0 included.
enum { CJPEG_MESSAGE_SIZE = 256 };

// Pictures of more scans are refused. Progressive ones have about ten, and could have thousands: a scan of a few
// hundred bytes can make the decoder walk through every block of the largest picture, some 0.1 s each.
enum { CJPEG_LARGEST_SCAN_COUNT = 100 };

typedef struct {
  int width, height;
} cjpeg_header;

// In pixels.
typedef struct {
  int left, top, width, height;
} cjpeg_box;

// Reads up to the first scan.
cjpeg_result cjpeg_read_header(const uint8_t *bytes, size_t count, cjpeg_header *header, char *message);

// Decodes what lies inside `box` of the picture at eighths/8 of its size (each side rounded up; 1 <= eighths <= 8) to
// 3 bytes a pixel, rows without gaps. The pixels are those that decoding everything at this scale gives, bit for bit.
//
// Slow but accurate DCT, smooth upsampling. Grey becomes three equal bytes; of four components, inverted as Adobe
// writes them, cyan, magenta and yellow are multiplied with black.
//
// What is wrong with a picture is an error
// - always, if it changes pixels that were asked for: libjpeg's errors; the end of the bytes before the last row that
//   is needed; a scan that does not hold what it should (bad codes, a marker too early or out of turn, bytes that were
//   left over at a restart marker); a progressive picture that ends without its last scans;
// - with `strict` also if it does not: any other warning of libjpeg's and the lack of an end marker. For this all
//   that follows the picture's last row is read, too, if the box reaches down to it; bytes after the end marker are
//   never looked at.
// Arithmetic coding has no wrong codes: damage there often goes unnoticed by every decoder.
//
// Memory beyond `rgb`: some rows; of progressive pictures 2 bytes for each sample of the whole picture.
cjpeg_result cjpeg_decode(const uint8_t *bytes, size_t count, int eighths, cjpeg_box box, int strict, uint8_t *rgb,
                          char *message);

// Encodes 3 bytes a pixel with libjpeg's standard tables at a quality of 1 to 100, colour at half the resolution both
// ways. *bytes is for free().
cjpeg_result cjpeg_encode(const uint8_t *rgb, int width, int height, int quality, uint8_t **bytes, size_t *count,
                          char *message);

#ifdef __cplusplus
}
#endif
