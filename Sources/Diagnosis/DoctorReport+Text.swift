import Foundations
import Machine
import Provenance

extension DoctorReport {
  private static let columns = 80
  private static let nameColumns = 14
  /// More groups of ranks than this are only counted.
  private static let shownGroups = 8

  /// For a person, in 80 columns: sections of facts, a line for each group of ranks where they differ, marked
  /// with ! where they should not; then the findings.
  public var text: String {
    let sections = Fact.Section.allCases.map { section in
      [section.rawValue] + (section == .ranks ? countLines : [])
        + Fact.all.filter { $0.section == section }.flatMap(lines) + (section == .machine ? freeLines : [])
    }
    return (sections + [folderLines, findingLines]).filter { !$0.isEmpty }
      .map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private func lines(_ fact: Fact) -> [String] {
    let groups = RankGroup.groups(environments.map(fact.text))
    if groups.count == 1 { return Self.row(fact.name, groups[0].text) }
    let isMarked = fact.disagreement != nil
    let shown = groups.prefix(Self.shownGroups).enumerated().flatMap { index, group in
      Self.row(index == 0 ? fact.name : "", "\(group.label): \(group.text)", isMarked: isMarked)
    }
    let rest = groups.count - Self.shownGroups
    return shown + (rest > 0 ? Self.row("", "and \(rest) more (--json has all)") : [])
  }

  /// What changes all the time, as the least of all ranks.
  private var freeLines: [String] {
    func least(_ value: KeyPath<Environment.Memory, Int?>) -> String {
      Fact.bytes(environments.compactMap { $0.memory[keyPath: value] }.min())
    }
    return Self.row("free", "memory \(least(\.available)), /dev/shm \(least(\.sharedFree))")
  }

  private var countLines: [String] {
    let hosts = RankGroup.groups(environments.map(\.host)).count
    let barrier = barrierSeconds.map { ", a barrier takes \(Fact.duration($0))" } ?? ""
    return Self.row(
      "count", "\(counted(environments.count, "rank")) on \(counted(hosts, "host"))\(barrier)")
  }

  private var folderLines: [String] {
    guard let system = fileSystem else { return [] }
    let mount = system.mountPoint.map { ", mounted at \($0)" } ?? ""
    return ["Run folder"] + Self.row("folder", system.folder)
      + Self.row("file system", (system.type ?? Fact.unknown) + mount)
      + Self.row("free", "\(Fact.bytes(system.free)) of \(Fact.bytes(system.total))")
      + Self.row("trial", trial(system))
  }

  private func trial(_ system: FileSystem) -> String {
    let limits = [system.linkProblem, system.folderSyncProblem].compactMap(\.self)
    return system.problem ?? (["written, synchronised and renamed"] + limits).joined(separator: "; ")
  }

  private var findingLines: [String] {
    guard !findings.isEmpty else { return ["Findings", "  none: nothing stands out as slow or wrong"] }
    return ["Findings"]
      + findings.flatMap { finding in
        finding.problem.wrapped(
          columns: Self.columns, first: "  \(finding.severity.rawValue.uppercased())".padded(to: 9))
          + "→ \(finding.advice)".wrapped(columns: Self.columns, first: "".padded(to: 9))
      }
  }

  private static func row(_ name: String, _ text: String, isMarked: Bool = false) -> [String] {
    text.wrapped(columns: columns, first: "\(isMarked ? "!" : " ") \(name)".padded(to: nameColumns + 2))
  }
}
