import Foundations
import Machine
import Provenance

/// What `sluice doctor` says: what every rank runs on, and what will be slow or wrong.
public struct DoctorReport: Report, Sendable {
  /// In rank order.
  public let environments: [Environment]
  public let fileSystem: FileSystem?
  /// What a barrier of all ranks takes; nil where there is one rank.
  public let barrierSeconds: Double?
  public let findings: [Finding]

  /// - Parameters:
  ///   - environments: Of all ranks, in rank order.
  ///   - fileSystem: Of the run's folder.
  ///   - barrierSeconds: What a barrier of all ranks takes; nil where there is one rank.
  ///   - more: What was found before anything else, such as an MPI that does not start.
  public init(
    _ environments: [Environment], fileSystem: FileSystem?, barrierSeconds: Double? = nil,
    more: [Finding] = []
  ) {
    self.environments = environments
    self.fileSystem = fileSystem
    self.barrierSeconds = barrierSeconds
    findings = more + Finding.all(environments, fileSystem: fileSystem, barrierSeconds: barrierSeconds)
  }

  /// Whether something would fail or give a result that cannot be relied on.
  public var isWrong: Bool { findings.contains { $0.severity == .wrong } }

  /// Rank 0's environment, beside it `file_system`, `barrier_seconds`,
  /// `ranks` and `findings`.
  public var json: JSONValue { DiagnosisJSON.value(self) }
}

extension DoctorReport: Encodable {
  private enum CodingKeys: String, CodingKey { case fileSystem, barrierSeconds, ranks, findings }

  public func encode(to encoder: any Encoder) throws {
    try environments[0].encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(fileSystem, forKey: .fileSystem)
    try container.encode(barrierSeconds, forKey: .barrierSeconds)
    try container.encode(environments, forKey: .ranks)
    try container.encode(findings, forKey: .findings)
  }
}
