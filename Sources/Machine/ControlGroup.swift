/// What a container or a batch system allows this process: the limits of its control group and of all groups
/// above it, in the kernel's first or second version of them.
public struct ControlGroup: Equatable, Sendable {
  /// CPUs' worth of time, for example 1.5; nil: no limit.
  public let cpuQuota: Double?
  /// Bytes; nil: no limit.
  public let memoryLimit: Int?
  /// The hardware threads it may use; nil: not known.
  public let cpuSet: Set<Int>?

  public init(_ files: SystemFiles) {
    func values(_ controller: String, _ name: String) -> [String] {
      Self.folders(controller, files).compactMap { files.word("\($0)/\(name)") }
    }
    let quotas = Self.folders("cpu", files).compactMap { folder -> Double? in
      if let words = files.word("\(folder)/cpu.max")?.split(separator: " "), words.count == 2 {
        return Self.ratio(Double(words[0]), Double(words[1]))
      }
      return Self.ratio(
        files.word("\(folder)/cpu.cfs_quota_us").flatMap(Double.init),
        files.word("\(folder)/cpu.cfs_period_us").flatMap(Double.init))
    }
    cpuQuota = quotas.min()
    // Version 1 says "no limit" as the largest number of whole pages.
    let limits = values("memory", "memory.max") + values("memory", "memory.limit_in_bytes")
    memoryLimit = limits.compactMap { Int($0) }.filter { $0 < 1 << 60 }.min()
    let sets = values("cpuset", "cpuset.cpus.effective") + values("cpuset", "cpuset.effective_cpus")
    cpuSet = sets.map { CPUSet.parse($0) }.filter { !$0.isEmpty }.min { $0.count < $1.count }
  }

  /// nil where there is no limit: `max`, or -1 in version 1.
  private static func ratio(_ quota: Double?, _ period: Double?) -> Double? {
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return quota / period
  }

  /// The folders of a controller's groups: this process's own and all above, whichever of them are visible.
  private static func folders(_ controller: String, _ files: SystemFiles) -> [String] {
    let root = "/sys/fs/cgroup"
    return (files.read("/proc/self/cgroup") ?? "").split(separator: "\n").flatMap { line -> [String] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let roots: [String]
      if parts[1].isEmpty {
        roots = [root, "\(root)/unified"]
      } else if parts[1].split(separator: ",").contains(controller[...]) {
        roots = Array(Set(["\(root)/\(parts[1])", "\(root)/\(controller)"]))
      } else {
        return []
      }
      let names = parts[2].split(separator: "/")
      let paths = (0...names.count).map { names.prefix($0).map { "/\($0)" }.joined() }
      return roots.flatMap { root in paths.map { root + $0 } }
    }
  }
}
