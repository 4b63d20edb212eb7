import Foundation

/// What `sluice doctor` says: what every rank runs on, and what will be slow or wrong.
public struct Report: Sendable {
  /// In rank order.
  public let environments: [Environment]
  public let fileSystem: FileSystem?
  public let findings: [Finding]

  /// - Parameters:
  ///   - environments: Of all ranks, in rank order.
  ///   - fileSystem: Of the run's folder.
  ///   - more: What was found before anything else, such as an MPI that does not start.
  public init(_ environments: [Environment], fileSystem: FileSystem?, more: [Finding] = []) {
    self.environments = environments
    self.fileSystem = fileSystem
    findings = more + Finding.all(environments, fileSystem: fileSystem)
  }

  /// Whether something would fail or give a result that cannot be relied on.
  public var isWrong: Bool { findings.contains { $0.severity == .wrong } }

  /// One JSON object on one line: rank 0's environment, beside it `file_system`, `ranks` and `findings`.
  public func json() throws -> String {
    String(decoding: try DiagnosisJSON.encoder().encode(self), as: UTF8.self)
  }
}

extension Report: Encodable {
  private enum CodingKeys: String, CodingKey { case fileSystem, ranks, findings }

  public func encode(to encoder: any Encoder) throws {
    try environments[0].encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(fileSystem, forKey: .fileSystem)
    try container.encode(environments, forKey: .ranks)
    try container.encode(findings, forKey: .findings)
  }
}
