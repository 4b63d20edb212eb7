#include "CInstructions.h"

#include <stdlib.h>
#include <string.h>

int instructions_available(instruction_set set) {
  switch (set) {
#if defined(__x86_64__)
#if !defined(SLUICE_NO_AVX512)
    case INSTRUCTIONS_AVX512: return __builtin_cpu_supports("x86-64-v4") != 0;
#endif
    case INSTRUCTIONS_AVX2: return __builtin_cpu_supports("x86-64-v3") != 0;
#endif
    default: return set == INSTRUCTIONS_BASELINE;
  }
}

static const char *name_of(instruction_set set) {
  switch (set) {
    case INSTRUCTIONS_AVX512: return "avx512";
    case INSTRUCTIONS_AVX2: return "avx2";
    default: return "baseline";
  }
}

instruction_set instructions_best(void) {
  const char *most = getenv("SLUICE_MAX_ISA");
  for (int i = INSTRUCTIONS_AVX512; i > INSTRUCTIONS_BASELINE; i--) {
    const instruction_set set = (instruction_set)i;
    if (most && strcmp(most, name_of(set)) == 0) most = NULL;
    if (!most && instructions_available(set)) return set;
  }
  return INSTRUCTIONS_BASELINE;
}
