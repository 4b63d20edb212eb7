import Foundation
import Foundations

/// Writes `metrics.jsonl`: one JSON object a line, each line in the file as soon as it is known.
public final class MetricsWriter: RunLog {
  /// What a run that goes on needs to know of the lines that it finds.
  public struct KeptLine: Decodable, Equatable, Sendable {
    public let step: Int
    public let isEvaluation: Bool
    public let seconds: Double?
    public let embeddingStd: Double?
    public let effectiveRank: Double?

    enum CodingKeys: String, CodingKey {
      case step, evaluation, seconds
      case embeddingStd = "embedding_std"
      case effectiveRank = "effective_rank"
    }

    public init(from decoder: any Decoder) throws {
      let line = try decoder.container(keyedBy: CodingKeys.self)
      step = try line.decodeCount(forKey: .step)
      isEvaluation = line.contains(.evaluation)
      seconds = try line.decodeIfPresent(Double.self, forKey: .seconds)
      embeddingStd = try line.decodeIfPresent(Double.self, forKey: .embeddingStd)
      effectiveRank = try line.decodeIfPresent(Double.self, forKey: .effectiveRank)
    }
  }

  /// The lines that were there and stay; none in a new run.
  public let kept: [KeptLine]
  package let file: RecordFile

  /// Opens the file to append to it.
  ///
  /// - Parameter resumedStep: The step of the checkpoint that the run goes on from: later lines, which will
  ///   be written again, and a line that was cut short are removed. nil: a new run, which starts empty.
  /// - Throws: `UnwritableFile`.
  public init(path: String, resumedStep: Int?) throws(UnwritableFile) {
    let written = resumedStep == nil ? nil : FileManager.default.contents(atPath: path)
    let (text, kept) = Self.lines(of: written ?? Data(), upTo: resumedStep ?? 0)
    try DurableFiles.replace(path, by: text)
    self.kept = kept
    file = RecordFile(path: path, size: text.count)
  }

  package func record(of entry: LogEntry) -> Data? {
    switch entry {
    case .training(let metrics): Data((metrics.json.line + "\n").utf8)
    case .evaluation(let evaluation): Data((evaluation.json.line + "\n").utf8)
    case .audit, .rankTimes, .picture: nil
    }
  }

  /// The whole lines of steps up to `step`.
  static func lines(of data: Data, upTo step: Int) -> (text: Data, lines: [KeptLine]) {
    let decoder = JSONDecoder()
    var text = Data()
    var kept: [KeptLine] = []
    for bytes in data.split(separator: UInt8(ascii: "\n")) {
      guard let line = try? decoder.decode(KeptLine.self, from: bytes), line.step <= step else { continue }
      text += bytes + [UInt8(ascii: "\n")]
      kept.append(line)
    }
    return (text, kept)
  }
}
