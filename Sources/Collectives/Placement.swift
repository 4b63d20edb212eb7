import Foundation

/// Which cores a rank may use, and with how many threads it should.
///
/// The machine's core count would be wrong wherever several ranks, a batch system or a container share it.
public struct Placement: Equatable, Sendable {
  /// Where a rank runs: its machine, and the cores that its affinity mask allows.
  public struct Seat: Equatable, Sendable {
    public let hostName: String
    public let cores: Set<Int>

    public init(hostName: String, cores: Set<Int>) {
      self.hostName = hostName
      self.cores = cores
    }
  }

  /// Cores in this rank's mask.
  public let coreCount: Int
  /// Ranks on this host whose masks share a core with this rank's, itself included.
  public let sharingRanks: [Int]
  /// The default thread count: cores ÷ sharing ranks, at least 1.
  public let threads: Int
  /// One sentence for each group of ranks that have to share a core; the same on every rank.
  public let warnings: [String]

  /// The placement of `rank` in a job whose ranks sit at `seats`.
  public init(rank: Int, seats: [Seat]) {
    let seat = seats[rank]
    coreCount = seat.cores.count
    sharingRanks = Self.ranksSharing(with: rank, seats)
    threads = max(1, coreCount / sharingRanks.count)
    warnings = Self.warnings(seats)
  }

  private static func ranksSharing(with rank: Int, _ seats: [Seat]) -> [Int] {
    seats.indices.filter {
      $0 == rank
        || seats[$0].hostName == seats[rank].hostName && !seats[$0].cores.isDisjoint(with: seats[rank].cores)
    }
  }

  private static func warnings(_ seats: [Seat]) -> [String] {
    var warned: Set<Int> = []
    return seats.indices.compactMap { rank in
      let group = ranksSharing(with: rank, seats)
      let cores = seats[rank].cores.count
      guard !warned.contains(rank), group.count > max(cores, 1) else { return nil }
      warned.formUnion(group)
      return "ranks \(group.map(String.init).joined(separator: ", ")) share \(cores) "
        + "core\(cores == 1 ? "" : "s") of \(seats[rank].hostName) and will slow each other down"
    }
  }

  /// The cores in this process's affinity mask; core 0 if the system does not tell.
  public static func allowedCores() -> Set<Int> {
    // As sched_getaffinity reports them; that function is hidden from Swift (it needs _GNU_SOURCE).
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let key = "Cpus_allowed_list:"
    let line = status.split(whereSeparator: \.isNewline).first { $0.hasPrefix(key) }
    let cores = parseCoreList(line?.dropFirst(key.count) ?? "")
    return cores.isEmpty ? [0] : cores
  }

  /// The numbers in the kernel's notation for sets of cores, for example `0-3,8`.
  static func parseCoreList(_ list: Substring) -> Set<Int> {
    var cores: Set<Int> = []
    for part in list.split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { continue }
      cores.formUnion(first...last)
    }
    return cores
  }
}

extension Communicator {
  /// Where all ranks run, seen from this one. Hosts are told apart by name.
  ///
  /// - Throws: `CollectiveError`.
  public func placement() throws -> Placement {
    let cores = Placement.allowedCores().sorted().map(String.init).joined(separator: " ")
    let seats = try gatherStrings("\(cores)\n\(hostName)").map { text in
      let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      return Placement.Seat(
        hostName: String(lines[1]), cores: Set(lines[0].split(separator: " ").compactMap { Int($0) }))
    }
    return Placement(rank: rank, seats: seats)
  }
}
