#include "CMPI.h"

#include <stdlib.h>
#include <string.h>

// Debian keeps mpi.h in a folder of its own below the default search path.
#if __has_include(<mpi.h>)
#include <mpi.h>
#else
#include <mpi/mpi.h>
#endif

_Static_assert(CMPI_TEXT_CAPACITY >= MPI_MAX_ERROR_STRING, "error texts fit");
_Static_assert(CMPI_TEXT_CAPACITY >= MPI_MAX_LIBRARY_VERSION_STRING, "the library's version fits");

struct cmpi_comm {
  MPI_Comm comm;
  int size;
};

struct cmpi_request {
  MPI_Request request;
  int arrays[];  // counts and displacements: MPI reads them until the request completes
};

int cmpi_init(int *granted) {
  int level;
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &level);
  if (code != MPI_SUCCESS) return code;
  *granted = level == MPI_THREAD_MULTIPLE     ? 3
             : level == MPI_THREAD_SERIALIZED ? 2
             : level == MPI_THREAD_FUNNELED   ? 1
                                              : 0;
  // Under the default handler MPI would end the job before Swift sees an error. Duplicates inherit this one.
  code = MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  if (code != MPI_SUCCESS) return code;
  return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

int cmpi_is_initialized(int *flag) { return MPI_Initialized(flag); }

int cmpi_finalize(void) { return MPI_Finalize(); }

void cmpi_abort(int exit_code) { MPI_Abort(MPI_COMM_WORLD, exit_code); }

void cmpi_error_string(int code, char *text) {
  int length;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) strcpy(text, "MPI has no text for this error");
}

int cmpi_library_version(char *text) {
  int length;
  return MPI_Get_library_version(text, &length);
}

int cmpi_duplicate_world(cmpi_comm_t *comm) {
  struct cmpi_comm *made = malloc(sizeof *made);
  if (made == NULL) return MPI_ERR_NO_MEM;
  int code = MPI_Comm_dup(MPI_COMM_WORLD, &made->comm);
  if (code == MPI_SUCCESS) code = MPI_Comm_size(made->comm, &made->size);
  if (code != MPI_SUCCESS) {
    free(made);
    return code;
  }
  *comm = made;
  return MPI_SUCCESS;
}

int cmpi_free(cmpi_comm_t comm) {
  int code = MPI_Comm_free(&comm->comm);
  free(comm);
  return code;
}

int cmpi_rank(cmpi_comm_t comm, int *rank) { return MPI_Comm_rank(comm->comm, rank); }

int cmpi_size(cmpi_comm_t comm, int *size) {
  *size = comm->size;
  return MPI_SUCCESS;
}

int cmpi_barrier(cmpi_comm_t comm) { return MPI_Barrier(comm->comm); }

int cmpi_bcast_bytes(void *bytes, int count, int root, cmpi_comm_t comm) {
  return MPI_Bcast(bytes, count, MPI_BYTE, root, comm->comm);
}

int cmpi_allreduce_sum_i64(long long *inout, int count, cmpi_comm_t comm) {
  return MPI_Allreduce(MPI_IN_PLACE, inout, count, MPI_LONG_LONG, MPI_SUM, comm->comm);
}

int cmpi_exchange_f64(const double *mine, double *theirs, int count, int partner, cmpi_comm_t comm) {
  return MPI_Sendrecv(mine, count, MPI_DOUBLE, partner, 0, theirs, count, MPI_DOUBLE, partner, 0, comm->comm,
                      MPI_STATUS_IGNORE);
}

static MPI_Datatype type_of(cmpi_number number) {
  switch (number) {
    case CMPI_16_BITS: return MPI_UINT16_T;
    case CMPI_32_BITS: return MPI_UINT32_T;
    default: return MPI_UINT64_T;
  }
}

int cmpi_allgather(const void *mine, int count, void *all, cmpi_number number, cmpi_comm_t comm) {
  const MPI_Datatype type = type_of(number);
  return MPI_Allgather(mine, count, type, all, count, type, comm->comm);
}

int cmpi_allgatherv_bytes(const void *mine, void *all, const int *counts, const int *starts, cmpi_comm_t comm) {
  int rank;
  int code = MPI_Comm_rank(comm->comm, &rank);
  if (code != MPI_SUCCESS) return code;
  return MPI_Allgatherv(mine, counts[rank], MPI_BYTE, all, counts, starts, MPI_BYTE, comm->comm);
}

int cmpi_gatherv_bytes(const void *mine, void *all, const int *counts, const int *starts, int root, cmpi_comm_t comm) {
  int rank;
  int code = MPI_Comm_rank(comm->comm, &rank);
  if (code != MPI_SUCCESS) return code;
  return MPI_Gatherv(mine, counts[rank], MPI_BYTE, all, counts, starts, MPI_BYTE, root, comm->comm);
}

// A request with room for `arrays` arrays of one int per rank.
static struct cmpi_request *make_request(int arrays, int size) {
  return malloc(sizeof(struct cmpi_request) + sizeof(int) * (size_t)arrays * (size_t)size);
}

// Hands a started request to the caller, or frees it if it did not start.
static int hand_over(int code, struct cmpi_request *made, cmpi_request_t *request) {
  if (code == MPI_SUCCESS) {
    *request = made;
  } else {
    free(made);
  }
  return code;
}

int cmpi_start_alltoallv(const void *send, const int *counts, const int *starts, void *rows, int row_count,
                         cmpi_number number, cmpi_comm_t comm, cmpi_request_t *request) {
  const int size = comm->size;
  struct cmpi_request *made = make_request(4, size);
  if (made == NULL) return MPI_ERR_NO_MEM;
  int *send_counts = made->arrays, *send_starts = send_counts + size;
  int *row_counts = send_starts + size, *row_starts = row_counts + size;
  for (int r = 0; r < size; r++) {
    send_counts[r] = counts[r];
    send_starts[r] = starts[r];
    row_counts[r] = row_count;
    row_starts[r] = r * row_count;
  }
  const MPI_Datatype type = type_of(number);
  const int code = MPI_Ialltoallv(send, send_counts, send_starts, type, rows, row_counts, row_starts, type,
                                  comm->comm, &made->request);
  return hand_over(code, made, request);
}

int cmpi_start_allgatherv(void *inout, const int *counts, const int *starts, cmpi_number number, cmpi_comm_t comm,
                          cmpi_request_t *request) {
  const int size = comm->size;
  struct cmpi_request *made = make_request(2, size);
  if (made == NULL) return MPI_ERR_NO_MEM;
  int *kept_counts = made->arrays, *kept_starts = kept_counts + size;
  for (int r = 0; r < size; r++) {
    kept_counts[r] = counts[r];
    kept_starts[r] = starts[r];
  }
  const MPI_Datatype type = type_of(number);
  const int code = MPI_Iallgatherv(MPI_IN_PLACE, 0, type, inout, kept_counts, kept_starts, type, comm->comm,
                                   &made->request);
  return hand_over(code, made, request);
}

// Frees a request that is over.
static void release(cmpi_request_t *request) {
  free(*request);
  *request = NULL;
}

int cmpi_test(cmpi_request_t *request, int *done) {
  int code = MPI_Test(&(*request)->request, done, MPI_STATUS_IGNORE);
  if (code != MPI_SUCCESS || *done) release(request);
  return code;
}

int cmpi_wait(cmpi_request_t *request) {
  int code = MPI_Wait(&(*request)->request, MPI_STATUS_IGNORE);
  release(request);
  return code;
}
