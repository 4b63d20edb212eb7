import Tensors
import Testing

@testable import Collectives

@Suite struct WorldOfOneTests {
  private struct Mistake: Error, CustomStringConvertible {
    let description: String
  }

  private let world = Communicator.alone()

  @Test func isRankZeroOfOne() {
    #expect(world.rank == 0)
    #expect(world.worldSize == 1)
    #expect(!world.hostName.isEmpty)
  }

  @Test func sumsAreItsOwn() throws {
    #expect(try world.sum([1, 10, 2, 20, 3, 30], leaves: 3, width: 2) == [6, 60])
    #expect(try world.sum([Int64.max, -1]) == [.max, -1])
  }

  @Test func gathersItself() throws {
    #expect(try world.gather(Tensor(rows: 1, columns: 3, [1, 2, 3])).values == [1, 2, 3])
    #expect(try world.gatherEach("me") == ["me"])
    #expect(try world.broadcast(value: "text") == "text")
    try world.barrier()
  }

  @Test func agreesWithItself() throws {
    #expect(try world.agree { 7 } == 7)
  }

  @Test func anAgreedFailureCarriesTheErrorsSentenceInOneLine() throws {
    let failure = #expect(throws: AgreedFailure.self) {
      try world.agree { throw Mistake(description: "the file\nis empty") }
    }
    #expect(failure?.rank == 0)
    #expect(failure?.description == "the file is empty")
  }

  @Test func anErrorWithoutWordsIsStillAFailure() {
    #expect(throws: AgreedFailure.self) { try world.agree { throw Mistake(description: "") } }
  }

  @Test func gradientsStayAsTheyAre() throws {
    var gradients: [Float] = [1, 2, 3]
    try gradients.withUnsafeMutableBufferPointer { gradients in
      let reducer = GradientReducer(world, gradients: gradients, bucketBytes: 4)
      try reducer.ready(downTo: 1)
      try reducer.progress()
      let waits = try reducer.finish()
      #expect(waits.exposedSeconds >= 0)
    }
    #expect(gradients == [1, 2, 3])
  }

  @Test func mayBeFinalizedTwice() throws {
    let world = Communicator.alone()
    try world.finalize()
    try world.finalize()
  }

  @Test(arguments: [
    (["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"], true),
    (["PMIX_RANK": "1"], true),
    (["PMI_RANK": "0", "PMI_SIZE": "4"], true),
    (["MV2_COMM_WORLD_SIZE": "2"], true),
    (["PATH": "/usr/bin", "HOME": "/root"], false),
    // A batch script on Slurm is not a rank; what srun --mpi=pmix starts has PMIX_RANK too.
    (["SLURM_PROCID": "0", "SLURM_NTASKS": "8"], false),
  ])
  func isChosenWhereNoLauncherStartedTheProcess(environment: [String: String], isLaunched: Bool) {
    #expect(MPIRuntime.isLaunched(environment) == isLaunched)
  }

  @Test(
    arguments: [
      // srun -n 4, with and without --mpi=pmix.
      (["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "4", "SLURM_PROCID": "2"], 4),
      (["SLURM_STEP_ID": "3", "SLURM_STEP_NUM_TASKS": "4", "PMIX_RANK": "1"], 4),
      // sluice alone in a shell that srun --pty started.
      (["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1"], 1),
      // sluice alone in a batch script, and in the shell of salloc.
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_NTASKS": "8"], nil),
      // mpirun -np 1 in an allocation of two nodes, whose daemons are a step of two tasks.
      (["OMPI_COMM_WORLD_SIZE": "1", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2"], nil),
      ([:], nil),
    ] as [([String: String], Int?)])
  func knowsHowManyTasksSrunStarted(environment: [String: String], tasks: Int?) {
    #expect(MPIRuntime.stepTaskCount(environment) == tasks)
  }
}
