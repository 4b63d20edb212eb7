import Machine
import Provenance

extension Finding {
  /// Everything that will be slow or wrong, the worst first.
  ///
  /// - Parameters:
  ///   - environments: In rank order.
  ///   - fileSystem: Of the run's folder; nil: nobody asked.
  ///   - barrierSeconds: What a barrier of all ranks takes; nil: nobody asked.
  static func all(
    _ environments: [Environment], fileSystem: FileSystem?, barrierSeconds: Double? = nil
  ) -> [Finding] {
    let found =
      machineRules.flatMap { of($0, environments) } + jobRules.flatMap { $0(environments) }
      + (fileSystem.map(storage) ?? []) + (barrierSeconds.flatMap(slowBarrier).map { [$0] } ?? [])
    return [.wrong, .risk, .slow].flatMap { severity in found.filter { $0.severity == severity } }
  }

  /// What a person should know before a run begins, whatever it writes: that its result cannot be relied on, that it may
  /// not come to its end, or that it takes many times as long. What only takes longer, `sluice doctor` says; memory and
  /// addresses are compared with what the run needs.
  public static func beforeARun(_ environments: [Environment]) -> [Finding] {
    let slow = of(noAVX2, environments) + messagesOverTCP(environments)
    let compared = of(littleAddressSpace, environments) + memory(environments)
    return all(environments, fileSystem: nil).filter {
      ($0.severity != .slow || slow.contains($0)) && !compared.contains($0)
    }
  }

  /// What a rule finds on each rank; a finding that not all have names its ranks.
  private static func of(
    _ rule: (Environment) -> Finding?, _ environments: [Environment]
  ) -> [Finding] {
    var found: [(finding: Finding, ranks: [Int])] = []
    for (rank, environment) in environments.enumerated() {
      guard let finding = rule(environment) else { continue }
      if let index = found.firstIndex(where: { $0.finding == finding }) {
        found[index].ranks.append(rank)
      } else {
        found.append((finding, [rank]))
      }
    }
    return found.map { finding, ranks in
      ranks.count == environments.count
        ? finding
        : Finding(
          finding.severity, problem: "\(RankGroup.label(ranks)): \(finding.problem)", advice: finding.advice)
    }
  }
}
