#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// Instruction sets that vector code is compiled for, by what compilers call x86-64-v3 and x86-64-v4. All give the same
// bits (contract C9).
typedef enum { INSTRUCTIONS_BASELINE, INSTRUCTIONS_AVX2, INSTRUCTIONS_AVX512 } instruction_set;

// Whether the processor has it, and this program code for it.
int instructions_available(instruction_set set);

// The largest that is available and that SLUICE_MAX_ISA (baseline, avx2, avx512) allows.
instruction_set instructions_best(void);

// Of a program that is built with SLUICE_NO_AVX512, no function is compiled for AVX-512: what it computes on any
// processor is what a processor without AVX-512 computes.

#ifdef __cplusplus
}
#endif
