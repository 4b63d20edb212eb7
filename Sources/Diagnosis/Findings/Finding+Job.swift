import Collectives
import Foundations
import Machine
import Provenance

/// What is slow or wrong about a job's ranks together.
extension Finding {
  static let jobRules: [@Sendable ([Environment]) -> [Finding]] = [
    crowds, idleCores, quotas, messagesOverTCP, sharedMemory, memory, disagreements,
  ]

  /// Ranks that have to share cores.
  @Sendable private static func crowds(_ environments: [Environment]) -> [Finding] {
    Placement.crowds(environments.map(\.seat)).map { group in
      let first = environments[group[0]]
      let cores = first.threads.coreCount
      var advice = "start at most \(counted(cores, "rank")) on \(first.host)"
      if first.mpi.library.hasPrefix("Open MPI"), first.mpi.yieldsWhenIdle != true {
        advice +=
          ", or add --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 to mpirun: without it a small "
          + "reduction was seen to take 300 times as long"
      }
      return Finding(
        .slow,
        problem:
          "\(RankGroup.label(group)) share \(counted(cores, "core")) of \(first.host) and will slow "
          + "each other down",
        advice: advice)
    }
  }

  /// Cores that the job was given and that no rank may use.
  @Sendable private static func idleCores(_ environments: [Environment]) -> [Finding] {
    byHost(environments) { host, ranks in
      let used = ranks.reduce(into: Set<Int>()) { $0.formUnion(CPUSet.parse($1.threads.cores)) }.count
      let quota = ranks.compactMap(\.threads.cpuQuota).max().map { Int($0.rounded(.up)) } ?? .max
      let given = min(ranks.map(\.threads.allottedCores).max() ?? used, quota)
      guard used < given else { return nil }
      let names = ["OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"].filter {
        ranks[0].variables[$0] != nil
      }
      let share = max(1, given / ranks.count)
      let advice =
        if !names.isEmpty {
          "unset \(names.joined(separator: " and ")), with which OpenMP binds the whole program to one place"
        } else if ranks[0].mpi.launchedTasks == nil {
          "start it without taskset or numactl, or with more cores"
        } else if ranks[0].mpi.batchSystem == "Slurm" {
          "give each rank more cores (srun --cpus-per-task \(share)), or start more ranks"
        } else {
          "give each rank more cores (mpirun --map-by slot:PE=\(share)), or start more ranks"
        }
      return Finding(
        .slow,
        problem:
          "\(counted(ranks.count, "rank")) may use \(used) of the \(counted(given, "core")) that the job has "
          + "on \(host), as the affinity says; the others stay idle",
        advice: advice)
    }
  }

  /// More threads than the control group pays for.
  @Sendable private static func quotas(_ environments: [Environment]) -> [Finding] {
    byHost(environments) { host, ranks in
      guard let quota = ranks.compactMap(\.threads.cpuQuota).min() else { return nil }
      let threads = ranks.reduce(0) { $0 + $1.threads.count }
      guard Double(threads) > quota else { return nil }
      return Finding(
        .slow,
        problem:
          "\(counted(threads, "thread")) on \(host) have \(Fact.decimal(quota)) CPUs of time between "
          + "them and are paused when it is used up",
        advice: "ask for \(threads) whole CPUs (docker run --cpus=\(threads), or the limit of the pod)"
          + (quota >= 1 ? ", or use \(counted(Int(quota), "thread")) in all" : ""))
    }
  }

  /// MPI's ranks on one host talk through files in `/dev/shm`: Open MPI makes one of 4 MiB a rank.
  private static let bytesOfASharedFile = 4 << 20

  /// Where the files do not fit, Open MPI makes none.
  @Sendable static func messagesOverTCP(_ environments: [Environment]) -> [Finding] {
    byHost(environments) { host, ranks in
      guard let total = ranks[0].memory.shared, ranks.count > 1, total < bytesOfASharedFile,
        ranks[0].mpi.library.hasPrefix("Open MPI")
      else { return nil }
      return Finding(
        .slow,
        problem:
          "/dev/shm of \(host) has \(Fact.bytes(total)), and the files through which its ranks talk need 4 MiB each: "
          + "they talk over TCP, where a small message was seen to take 6 times as long",
        advice: "make it larger (docker run --shm-size=1g)")
    }
  }

  /// Where the files fit until they are written: half of the space is left for others.
  @Sendable private static func sharedMemory(_ environments: [Environment]) -> [Finding] {
    byHost(environments) { host, ranks in
      guard let free = ranks[0].memory.sharedFree, ranks.count > 1,
        free < ranks.count * 2 * bytesOfASharedFile, messagesOverTCP(ranks).isEmpty
      else { return nil }
      return Finding(
        .risk,
        problem:
          "/dev/shm of \(host) has \(Fact.bytes(free)) left for \(ranks.count) ranks that talk through "
          + "it: they may end with a bus error",
        advice: "remove old files in it, or make it larger (docker run --shm-size=1g)")
    }
  }

  @Sendable static func memory(_ environments: [Environment]) -> [Finding] {
    byHost(environments) { host, ranks in
      guard let bytes = [ranks[0].memory.available, ranks[0].memory.limit].compactMap({ $0 }).min(),
        bytes / ranks.count < 512 << 20
      else { return nil }
      return Finding(
        .risk,
        problem:
          "\(host) has \(Fact.bytes(bytes)) of memory left for \(counted(ranks.count, "rank")): the "
          + "system may kill one in the middle of training",
        advice: "ask for more (sbatch --mem, docker run --memory), or start fewer ranks there")
    }
  }

  /// A step waits for the other ranks about a hundred times, mostly for the sums of batch norms.
  static func slowBarrier(_ seconds: Double) -> Finding? {
    guard seconds > 1e-3 else { return nil }
    return Finding(
      .slow,
      problem: "a barrier of all ranks takes \(Fact.duration(seconds)), and every step needs many",
      advice:
        "see that ranks do not share cores with each other or with other jobs, and that MPI uses the fast "
        + "network (OMPI_MCA_btl_tcp_if_include or UCX_NET_DEVICES name it)")
  }

  @Sendable private static func disagreements(_ environments: [Environment]) -> [Finding] {
    let found = Fact.all.compactMap { fact in Disagreement(fact, environments).map { (fact, $0) } }
    // Processors of different kinds get different kernels from the same libraries: one cause, one finding.
    let names = found.map(\.0.name)
    let isMixed = names.contains("instructions"), isWrong = names.contains("multiply-adds")
    return found.compactMap { fact, disagreement in
      guard let severity = fact.disagreement,
        !isMixed || !["BLAS", "oneDNN"].contains(fact.name), !isWrong || fact.name != "instructions"
      else { return nil }
      let sides = disagreement.sides.map { "\($0.ranks): \($0.value)" }.joined(separator: "; ")
      let (consequence, advice) =
        switch fact.section {
        case .program:
          ("ranks can compute different bits", "use the same build, libraries and variables on every node")
        case .machine:
          (
            severity == .wrong ? "ranks compute different bits" : "the slowest decides",
            "ask for nodes of one kind (sbatch --constraint)"
          )
        case .ranks: ("the slowest decides", "give every rank the same number of cores")
        }
      return Finding(
        severity, problem: "ranks differ in \(fact.name), so \(consequence): \(sides)", advice: advice)
    }
  }

  private static func byHost(
    _ environments: [Environment], _ rule: (_ host: String, _ ranks: [Environment]) -> Finding?
  ) -> [Finding] {
    RankGroup.groups(environments.map(\.host)).compactMap { group in
      rule(group.text, group.ranks.map { environments[$0] })
    }
  }
}

extension Environment {
  var seat: Placement.Seat {
    Placement.Seat(hostName: host, cores: CPUSet.parse(threads.cores), cpuQuota: threads.cpuQuota)
  }
}
