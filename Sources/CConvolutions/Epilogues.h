// What an evaluation does with outputs before they are written. Part of a body: see Bodies.cpp.

// Where a part of WIDTH channels lies in a map's row, and in blocks of 16.
static inline size_t part_offset(const Map &map, int part) {
  const int channel = part * WIDTH;
  return channel / map.lanes * map.pixels() * map.lanes + channel % map.lanes;
}
static inline int parts_of(const Map &map) { return map.blocks() * map.lanes / WIDTH; }
static inline float *part_in(Blocks blocks, int part) {
  return blocks.block(part * WIDTH / 16) + part * WIDTH % 16;
}

// What becomes of outputs before they are written: nothing, or relu(scale·y + shift + added) of each channel of `parts`.
struct Epilogue {
  int parts;
  const float *scale = NULL, *shift = NULL;
  const float *keeps = NULL;  // a number whose bits are all set, or 0: what comes out is 0; NULL: all are kept
  const float *added = NULL;  // a map like the output's
  const float *added_scale = NULL, *added_shift = NULL;  // scale·added + shift is added instead; NULL: as it is

  // offset: of the outputs in their map.
  Vector of(int part, size_t offset, Vector y) const {
    typedef int Bits __attribute__((vector_size(WIDTH * sizeof(int))));
    if (scale == NULL) return y;
    const int c = part * WIDTH;
    Vector z = fma(load(scale + c), y, load(shift + c));
    if (added != NULL) {
      const Vector r = load(added + offset);
      z += added_scale ? fma(load(added_scale + c), r, load(added_shift + c)) : r;
    }
    Bits kept = ~(z <= 0);
    if (keeps != NULL) kept &= reinterpret_cast<Bits>(load(keeps + c));
    return reinterpret_cast<Vector>(reinterpret_cast<Bits>(z) & kept);
  }
};

// The epilogues of images: which channels lie where, and which of them are kept, differs.
struct Epilogues {
  const Map &map;  // of the outputs
  const convolutions_fusion *fusion;
  float *scales, *shifts, *keeps;  // of an image's channels

  Epilogues(const Map &map, const convolutions_fusion *fusion, Scratch &memory)
      : map(map), fusion(fusion), scales(memory.take(map.padded_channels())), shifts(memory.take(map.padded_channels())),
        keeps(memory.take(map.padded_channels())) {}

  // open: the image's, if its map holds them one after the other; NULL: all channels are in their places.
  Epilogue of(int row, const OpenList *open) const {
    const int parts = parts_of(map), width = map.blocks() * map.lanes;
    if (fusion == NULL) return {parts};
    Epilogue all = {parts, fusion->scale, fusion->shift, NULL, fusion->added, fusion->added_scale, fusion->added_shift};
    if (fusion->mask == NULL) return all;
    const float *const mask = fusion->mask + (size_t)row * width;
    const int count = open ? open->channels : map.channels;
    for (int k = 0; k < (int)map.padded_channels(); k++) {
      const int c = k >= count ? -1 : open ? open->terms[k].number : k;
      const bool is_open = c >= 0 && mask[c] != 0;
      scales[k] = is_open ? fusion->scale[c] : 0;
      shifts[k] = is_open ? fusion->shift[c] : 0;
      memset(keeps + k, is_open ? 0xff : 0, sizeof *keeps);
    }
    all.scale = scales, all.shift = shifts, all.keeps = keeps;
    if (open) all.parts = blocks_of(count, map.lanes) * map.lanes / WIDTH;
    return all;
  }
};
