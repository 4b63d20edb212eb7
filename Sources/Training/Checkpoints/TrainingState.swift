import Datasets
import Foundation
import Foundations

/// `state.json`: where a run stands. Random numbers are a function, so there is no generator state.
public struct TrainingState: Codable, Equatable, Sendable {
  public static let fileName = "state.json"

  public var format = 1
  /// Steps taken so far.
  public var step: Int
  /// The epoch of the last step, from 0.
  public var epoch: Int
  /// Images of all ranks that steps have taken so far, each counted once for all of its views.
  public var imagesSeen: Int
  public let seed: UInt64
  /// What decides the run's result (`Configuration.decisiveYAML`): the same for any number of threads.
  public let configuration: String
  /// Weighted k-NN top-1 of the untrained network in percent; nil where it was not measured.
  public var top1BeforeTraining: Double?
  /// The images that could not be used so far.
  public var skipped: SkippedImages {
    get { skippedImages ?? SkippedImages() }
    set { skippedImages = newValue.count == 0 ? nil : newValue }
  }
  /// nil: none; a run without such images writes nothing about them.
  private var skippedImages: SkippedImages?
  /// `DataParts.digest` of what the run is trained on; nil where that has none, and in older checkpoints.
  public var dataDigest: String?
  /// How the colours of the images were centred; nil in older checkpoints.
  public var normalization: Colours?

  enum CodingKeys: String, CodingKey {
    case format, step, epoch, seed, configuration, normalization
    case imagesSeen = "images_seen"
    case top1BeforeTraining = "top1_before_training"
    case skippedImages = "skipped_images"
    case dataDigest = "data_digest"
  }

  public init(step: Int, epoch: Int, imagesSeen: Int, seed: UInt64, configuration: String) {
    self.step = step
    self.epoch = epoch
    self.imagesSeen = imagesSeen
    self.seed = seed
    self.configuration = configuration
  }

  /// Stands after `step` as if all steps before it had been taken.
  mutating func begin(after step: Int, imageCount: Int, globalBatchSize: Int) {
    self.step = step
    epoch = step == 0 ? 0 : (step - 1) / (imageCount / globalBatchSize)
    imagesSeen = step * globalBatchSize
  }

  /// The bytes of the file; equal states give equal bytes.
  public func encode() -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Text, whole numbers and a finite percentage always encode.
    return try! encoder.encode(self)
  }

  /// Reads the bytes of the file; `path` is what errors name.
  ///
  /// - Throws: `CheckpointError.damaged`.
  init(_ data: Data, path: String) throws(CheckpointError) {
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch {
      throw .damaged(path: path, problem: "it is not the JSON that was written")
    }
    guard format == 1 else {
      throw .missing(path: path, problem: "its format is \(format); this program reads 1")
    }
    guard step.isCount, epoch.isCount, imagesSeen.isSize, normalization?.isValid ?? true else {
      throw .damaged(path: path, problem: "its numbers are none that a run can have")
    }
  }
}
