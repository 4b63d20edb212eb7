#pragma once

// The few MPI-3 calls that the communicator needs. Swift cannot see MPI's constants (Open MPI defines them as
// pointer casts, MPICH as integers), so CMPI.c uses them and mpi.h stays there. Every function that returns an
// int returns the MPI error code, 0 for success. Counts are elements.

typedef struct cmpi_comm *cmpi_comm_t;        // an MPI_Comm
typedef struct cmpi_request *cmpi_request_t;  // an MPI_Request and the arrays that must outlive it

enum { CMPI_TEXT_CAPACITY = 8192 };  // no text of MPI's is longer, its final zero included

// MPI_Init_thread asking for MPI_THREAD_MULTIPLE, then MPI_ERRORS_RETURN.
// granted: 0 single, 1 funneled, 2 serialized, 3 multiple.
int cmpi_init(int *granted);
int cmpi_is_initialized(int *flag);
int cmpi_finalize(void);

// Ends every rank of the job. Does not return where MPI works.
void cmpi_abort(int exit_code);

// MPI's own words for an error code. text: CMPI_TEXT_CAPACITY bytes.
void cmpi_error_string(int code, char *text);

// The library's name and version; needs no cmpi_init. text: CMPI_TEXT_CAPACITY bytes.
int cmpi_library_version(char *text);

// A new communicator of all ranks, whose traffic never meets that of another.
int cmpi_duplicate_world(cmpi_comm_t *comm);
int cmpi_free(cmpi_comm_t comm);
int cmpi_rank(cmpi_comm_t comm, int *rank);
int cmpi_size(cmpi_comm_t comm, int *size);

int cmpi_barrier(cmpi_comm_t comm);
int cmpi_bcast_bytes(void *bytes, int count, int root, cmpi_comm_t comm);
int cmpi_allreduce_sum_i64(long long *inout, int count, cmpi_comm_t comm);

// Sends `count` numbers to `partner` and receives as many from it.
int cmpi_exchange_f64(const double *mine, double *theirs, int count, int partner, cmpi_comm_t comm);

// What moves without being added: numbers of 2, 4 or 8 bytes, whatever they mean.
typedef enum { CMPI_16_BITS, CMPI_32_BITS, CMPI_64_BITS } cmpi_number;

// Every rank brings `count` numbers; all: [size × count], in rank order.
int cmpi_allgather(const void *mine, int count, void *all, cmpi_number number, cmpi_comm_t comm);

// Rank r brings counts[r] bytes, which go to all + starts[r].
int cmpi_allgatherv_bytes(const void *mine, void *all, const int *counts, const int *starts, cmpi_comm_t comm);

// The same on rank `root` alone; elsewhere `all` does not matter.
int cmpi_gatherv_bytes(const void *mine, void *all, const int *counts, const int *starts, int root, cmpi_comm_t comm);

// Starts to send counts[r] numbers from send + starts[r] to rank r, and to receive row_count numbers from each
// rank: rows: [size × row_count]. Both buffers belong to MPI until the request completes.
int cmpi_start_alltoallv(const void *send, const int *counts, const int *starts, void *rows, int row_count,
                         cmpi_number number, cmpi_comm_t comm, cmpi_request_t *request);

// Starts to fill inout on every rank: inout + starts[r] holds the counts[r] numbers that rank r holds there.
int cmpi_start_allgatherv(void *inout, const int *counts, const int *starts, cmpi_number number, cmpi_comm_t comm,
                          cmpi_request_t *request);

// MPI_Test and MPI_Wait. A request that has completed, or failed, is freed and set to NULL.
int cmpi_test(cmpi_request_t *request, int *done);
int cmpi_wait(cmpi_request_t *request);
