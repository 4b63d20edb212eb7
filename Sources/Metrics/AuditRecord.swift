import Foundation
import Foundations

/// What was compared after a step: a line of `audits.jsonl`.
public struct AuditRecord: Codable, Equatable, Sendable {
  /// Steps taken, with the one that was audited.
  public let step: Int
  /// SHA-256 of the network's file as a checkpoint after it has it: equal for every run of this configuration.
  public let network: String
  /// How many ranks took the step.
  public let ranks: Int
  /// How long ranks repeated each other's parts.
  public let seconds: Double
  /// What was found wrong, where the run was to go on all the same; nil: nothing.
  public let problem: String?

  public init(step: Int, network: String, ranks: Int, seconds: Double, problem: String?) {
    self.step = step
    self.network = network
    self.ranks = ranks
    self.seconds = seconds
    self.problem = problem
  }

  public init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    step = try record.decodeCount(forKey: .step)
    network = try record.decode(String.self, forKey: .network)
    ranks = try record.decodeCount(forKey: .ranks)
    seconds = try record.decode(Double.self, forKey: .seconds)
    problem = try record.decodeIfPresent(String.self, forKey: .problem)
  }

  /// The records of a file, as far as they are whole; none where there is no file.
  public static func all(in path: String) -> [AuditRecord] {
    (FileManager.default.contents(atPath: path) ?? Data()).split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode(AuditRecord.self, from: $0)
    }
  }

  /// With its end of line.
  var line: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // Text and finite numbers always encode.
    return try! encoder.encode(self) + [UInt8(ascii: "\n")]
  }
}

/// Writes `audits.jsonl`, which is not there before the first audit.
package final class AuditLog: RunLog {
  package let file: RecordFile

  /// - Parameter resumedStep: The step that the run goes on from, as in `MetricsWriter`; nil: it begins.
  /// - Throws: `UnwritableFile`.
  package init(path: String, resumedStep: Int?) throws(UnwritableFile) {
    let kept = AuditRecord.all(in: path).filter { $0.step <= resumedStep ?? 0 }.map(\.line).reduce(Data(), +)
    if FileManager.default.fileExists(atPath: path) { try DurableFiles.replace(path, by: kept) }
    file = RecordFile(path: path, size: kept.count)
  }

  package func record(of entry: LogEntry) -> Data? {
    guard case .audit(let audit) = entry else { return nil }
    return audit.line
  }
}
