import Foundation
import Foundations

/// An evaluation as a run recorded it.
public struct RecordedEvaluation: Decodable, Equatable, Sendable {
  /// Steps taken before it.
  public let step: Int
  /// The epoch of the last of them, from 0.
  public let epoch: Int
  /// The object that the evaluating command prints with `--json`.
  public let result: JSONValue
  /// The accuracies of the linear probe that learns beside the network; nil where there was none.
  public let probe: JSONValue?
  /// The same of the classifier that the network is trained with; nil where it learns without labels.
  public let classifier: JSONValue?

  enum CodingKeys: String, CodingKey {
    case step, epoch, probe, classifier
    case result = "evaluation"
  }

  public init(from decoder: any Decoder) throws {
    let line = try decoder.container(keyedBy: CodingKeys.self)
    (step, epoch) = (try line.decodeCount(forKey: .step), try line.decodeCount(forKey: .epoch))
    result = try line.decode(JSONValue.self, forKey: .result)
    probe = try line.decodeIfPresent(JSONValue.self, forKey: .probe)
    classifier = try line.decodeIfPresent(JSONValue.self, forKey: .classifier)
  }

  /// Reads a file that holds one and nothing else.
  ///
  /// - Returns: nil where there is none that can be read.
  public init?(contentsOf path: String) {
    guard let bytes = try? RegularFile(path)?.read(),
      let value = try? JSONDecoder().decode(Self.self, from: Data(bytes))
    else { return nil }
    self = value
  }

  /// Top-1 in percent, of k-NN by weighted votes; nil where it was not measured.
  public var top1: Double? { result["top1"]?.double }
  /// k-NN top-1 in percent with k = 1 and Euclidean distances.
  public var nearestTop1: Double? { result["nearest_top1"]?.double }
  /// Top-1 of the probe in percent.
  public var probeTop1: Double? { probe?["top1"]?.double }
  /// Top-1 of the network's own classifier in percent.
  public var classifierTop1: Double? { classifier?["top1"]?.double }
  /// MACs of the test images as a share of the dense network's.
  public var macsShare: Double? { result["macs_share"]?.double }
}
