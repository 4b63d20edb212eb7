import Foundation
import Foundations

/// Which cores a rank may use, and with how many threads it should.
///
/// The machine's core count would be wrong wherever several ranks, a batch system or a container share it.
public struct Placement: Equatable, Sendable {
  /// Where a rank runs: its machine, and what it may use there.
  public struct Seat: Codable, Equatable, Sendable {
    public let hostName: String
    /// The cores that its affinity mask allows.
    public let cores: Set<Int>
    /// CPUs' worth of time that all ranks of the host may use together; nil: no limit.
    public let cpuQuota: Double?

    public init(hostName: String, cores: Set<Int>, cpuQuota: Double? = nil) {
      self.hostName = hostName
      self.cores = cores
      self.cpuQuota = cpuQuota
    }
  }

  /// Cores in this rank's mask.
  public let coreCount: Int
  /// Ranks on this host whose masks share a core with this rank's, itself included.
  public let sharingRanks: [Int]
  /// The default thread count: cores ÷ sharing ranks, no more than the rank's share of the host's CPU quota
  /// (rounded up), at least 1.
  public let threads: Int
  /// One sentence for each group of ranks that have to share a core; the same on every rank.
  public let warnings: [String]

  /// The placement of `rank` in a job whose ranks sit at `seats`.
  public init(rank: Int, seats: [Seat]) {
    let seat = seats[rank]
    coreCount = seat.cores.count
    sharingRanks = Self.ranksSharing(with: rank, seats)
    let neighbours = seats.filter { $0.hostName == seat.hostName }.count
    let quota = seat.cpuQuota.map { Int($0.rounded(.up)) / neighbours } ?? .max
    threads = max(1, min(coreCount / sharingRanks.count, quota))
    warnings = Self.warnings(seats)
  }

  private static func ranksSharing(with rank: Int, _ seats: [Seat]) -> [Int] {
    seats.indices.filter {
      $0 == rank
        || seats[$0].hostName == seats[rank].hostName && !seats[$0].cores.isDisjoint(with: seats[rank].cores)
    }
  }

  private static func warnings(_ seats: [Seat]) -> [String] {
    crowds(seats).map { group in
      let cores = seats[group[0]].cores.count
      return "ranks \(group.map(String.init).joined(separator: ", ")) share "
        + "\(counted(cores, "core")) of \(seats[group[0]].hostName) and will slow each other down"
    }
  }

  /// The groups of ranks that have to share a core; the same on every rank.
  public static func crowds(_ seats: [Seat]) -> [[Int]] {
    var seen: Set<Int> = []
    return seats.indices.compactMap { rank in
      let group = ranksSharing(with: rank, seats)
      guard !seen.contains(rank), group.count > max(seats[rank].cores.count, 1) else { return nil }
      seen.formUnion(group)
      return group
    }
  }

  /// The hardware threads in this process's affinity mask; thread 0 if the system does not tell.
  public static func allowedThreads(_ files: SystemFiles = .live) -> Set<Int> {
    // As sched_getaffinity reports them; that function is hidden from Swift (it needs _GNU_SOURCE).
    let threads = CPUSet.parse(files.value(of: "Cpus_allowed_list", in: "/proc/self/status") ?? "")
    return threads.isEmpty ? [0] : threads
  }

  /// The cores in this process's affinity mask, each named by its lowest hardware thread.
  public static func allowedCores(_ files: SystemFiles = .live) -> Set<Int> {
    CPUTopology(files).cores(of: allowedThreads(files))
  }
}
