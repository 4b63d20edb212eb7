import Foundation
import Testing

@testable import Diagnosis
@testable import Machine
@testable import Provenance

@Suite struct EnvironmentTests {
  @Test func readsALargeNode() {
    let node = FakeMachine.largeNode.environment()
    #expect(node.cpu.model == "AMD EPYC 9534")
    #expect(node.cpu.sockets == 2 && node.cpu.cores == 128 && node.cpu.hardwareThreads == 128)
    #expect(node.cpu.numaDomains == 8 && node.threads.numaDomains == 8)
    #expect(node.cpu.bf16 == true)
    #expect(node.cpu.governor == "performance")
    #expect(node.system.name == "Rocky Linux 9.3 (Blue Onyx)" && node.system.hasInfiniband)
    #expect(node.limits.lockedMemory == .unlimited && node.limits.openFiles == .value(65536))
    #expect(node.memory.total == 790_000_000 * 1024 && node.memory.limit == nil)
    #expect(node.threads.count == 128 && node.threads.allottedCores == 128)
    #expect(FakeMachine.largeNode.environment(affinity: "16-31").threads.numaDomains == 1)
  }

  @Test func countsALaptopsCores() {
    let laptop = FakeMachine.laptop.environment()
    #expect(laptop.cpu.cores == 4 && laptop.cpu.hardwareThreads == 8)
    #expect(laptop.threads.affinity == "0-7" && laptop.threads.cores == "0-3" && laptop.threads.count == 4)
    #expect(laptop.cpu.bf16 == false)
  }

  @Test func readsAContainersLimits() {
    let container = FakeMachine.container.environment()
    #expect(container.system.container == "docker")
    #expect(container.threads.cpuQuota == 1.5 && container.memory.limit == 2 << 30)
  }

  @Test func readsAnARMMachine() {
    let arm = FakeMachine.arm.environment()
    #expect(arm.cpu.model == nil && arm.cpu.bf16 == nil && arm.cpu.sockets == nil)
    #expect(arm.cpu.hardwareThreads == 2)
  }

  /// Slurm counts hardware threads; what it does not give cannot be used by any binding.
  @Test(arguments: [("128", 128), ("32", 32), ("4", 16)])
  func aJobIsGivenWhatTheBatchSystemSays(cpus: String, cores: Int) {
    var machine = FakeMachine.largeNode
    machine.variables = ["SLURM_JOB_ID": "1", "SLURM_CPUS_ON_NODE": cpus]
    let environment = machine.environment(affinity: "0-15")
    #expect(environment.threads.allottedCores == cores)
    #expect(environment.mpi.batchSystem == "Slurm")
  }

  @Test func hardwareThreadsThatSlurmGivesAreCountedByCores() {
    var machine = FakeMachine.laptop
    machine.variables = ["SLURM_JOB_ID": "1", "SLURM_CPUS_ON_NODE": "8"]
    #expect(machine.environment(affinity: "0,4").threads.allottedCores == 4)
  }

  /// The second is what mpirun sets itself where it was told of fewer slots than ranks.
  @Test(
    arguments: [
      ([:], nil), (["OMPI_MCA_mpi_yield_when_idle": "1"], true), (["OMPI_MCA_mpi_oversubscribe": "1"], true),
      (["OMPI_MCA_mpi_yield_when_idle": "0", "OMPI_MCA_mpi_oversubscribe": "1"], false),
    ] as [([String: String], Bool?)])
  func knowsWhetherRanksYield(variables: [String: String], yields: Bool?) {
    let mpi = Environment.MPI(
      library: "Open MPI 4.1.4", threadLevel: nil, rank: 0, worldSize: 1, variables: variables)
    #expect(mpi.yieldsWhenIdle == yields)
  }

  /// Under mpirun Slurm's step is that of mpirun's daemons, one a node.
  @Test(
    arguments: [
      ([:], nil), (["SLURM_NTASKS": "8", "SLURM_PROCID": "0"], nil),
      (["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"], 4), (["PMI_SIZE": "3"], 3),
      (["OMPI_COMM_WORLD_SIZE": "2", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"], 2),
    ] as [([String: String], Int?)])
  func knowsHowManyTasksWereStarted(variables: [String: String], tasks: Int?) {
    let mpi = Environment.MPI(
      library: "Open MPI 4.1.4", threadLevel: nil, rank: 0, worldSize: 1, variables: variables)
    #expect(mpi.launchedTasks == tasks)
  }

  @Test func leavesOutWhatMPIRunSetsItself() {
    let variables = Environment.relevant([
      "OMP_NUM_THREADS": "4", "OMPI_MCA_btl_tcp_if_include": "ib0", "OMPI_MCA_orte_launch": "1",
      "OMPI_MCA_ess": "^singleton", "DNNL_VERBOSE": "1", "HOME": "/root", "OMPI_COMM_WORLD_SIZE": "2",
    ])
    #expect(variables.keys.sorted() == ["DNNL_VERBOSE", "OMPI_MCA_btl_tcp_if_include", "OMP_NUM_THREADS"])
  }

  @Test func nothingThatCanBeReadIsStillAnEnvironment() throws {
    let environment = FakeMachine().environment()
    #expect(
      environment.memory.total == nil && environment.cpu.model == nil && environment.limits.stack == nil)
    #expect(environment.threads.count == 1)
    let report = DoctorReport([environment], fileSystem: nil)
    #expect(report.text.contains("unknown"))
    #expect(!report.json.line.isEmpty)
  }

  @Test(arguments: [FakeMachine.largeNode, .laptop, .container, .arm, FakeMachine()])
  func survivesTheWayToOtherRanks(machine: FakeMachine) throws {
    let environment = machine.environment { $0.variables = ["OMP_NUM_THREADS": "4", "DNNL_VERBOSE": "1"] }
    let data = try DiagnosisJSON.encoder().encode(environment)
    #expect(try DiagnosisJSON.decoder().decode(Environment.self, from: data) == environment)
  }
}
