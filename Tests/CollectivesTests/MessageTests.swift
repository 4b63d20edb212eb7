import Testing

@testable import Collectives

@Suite struct MessageTests {
  @Test(arguments: [
    (
      CollectiveError.mpi(call: "MPI_Bcast", text: "MPI_ERR_ROOT: invalid root"),
      "MPI_Bcast failed: MPI_ERR_ROOT: invalid root"
    ),
    (
      .tooManyElements(call: "MPI_Allgather", count: 3_000_000_000),
      "MPI_Allgather cannot take 3000000000 elements at once; the most is 2147483647"
    ),
    (
      .noThreads,
      "this MPI library was built without thread support (MPI_THREAD_SINGLE), Sluice needs at least "
        + "MPI_THREAD_FUNNELED: install another build of it"
    ),
  ])
  func errorsAreOneSentence(error: CollectiveError, sentence: String) {
    #expect(error.description == sentence)
  }

  @Test func countsThatMPICannotTakeAreErrors() throws {
    #expect(try mpiCount(Int(Int32.max), in: "MPI_Bcast") == .max)
    #expect(throws: CollectiveError.tooManyElements(call: "MPI_Bcast", count: 1 << 31)) {
      try mpiCount(1 << 31, in: "MPI_Bcast")
    }
  }

  @Test func anAgreedFailureNamesTheRankUnlessAllFailed() {
    let alone = AgreedFailure(rank: 3, hostName: "n1", message: "no such file", isEverywhere: false)
    #expect(alone.description == "rank 3 on n1: no such file")
    let all = AgreedFailure(rank: 0, hostName: "n0", message: "no such key", isEverywhere: true)
    #expect(all.description == "no such key")
  }
}
