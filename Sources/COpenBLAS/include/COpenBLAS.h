#pragma once

// Matrix products, and the LAPACK that comes with them, by OpenBLAS, one thread each: a rank's own threads work on
// different shards, so a product never depends on how many threads there are. Matrices are row-major.

// Tells OpenBLAS to stay on the calling thread. Once per process, before the first product.
void openblas_use_one_thread(void);

// The addresses that it takes for each product that is under way, and the most products that are made room for.
enum { OPENBLAS_BUFFER_BYTES = 128 << 20, OPENBLAS_MAX_BUFFERS = 48 };

// Makes room for `count` products at one time. Returns whether there were addresses for it; without them a product
// would never end.
int openblas_make_buffers(int count);

// The library's version and how it was built, for example "OpenBLAS 0.3.21 DYNAMIC_ARCH …", and the processor whose
// kernels it chose.
const char *openblas_configuration(void);
const char *openblas_core(void);

// Whether a processor of that name has no AVX2.
int openblas_is_old_core(const char *core);

// c[m,n] = alpha · op(a) · op(b) + beta · c, where op(x) is x, or its transpose if the flag is set.
// lda, ldb, ldc: numbers from one stored row to the next.
void openblas_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                    const float *b, int ldb, float beta, float *c, int ldc);

// The same in double precision.
void openblas_dgemm(int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a, int lda,
                    const double *b, int ldb, double beta, double *c, int ldc);

enum { OPENBLAS_OUT_OF_MEMORY = -1000 };

// The eigenvalues of the symmetric matrix a[n,n], ascending; overwrites a. Returns 0, LAPACK's complaint, or
// OPENBLAS_OUT_OF_MEMORY.
int openblas_dsyev(int n, double *a, double *eigenvalues);
