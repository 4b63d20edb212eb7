import Collectives
import Datasets
import Foundations
import Images
import Tensors

/// What decoding every picture of a data set found.
public struct DataVerification: Report, Sendable {
  /// A picture that cannot be used, or a file that is not what it was.
  public struct Fault: Codable, Equatable, Sendable {
    public enum Part: String, Codable, Sendable { case train, test }

    /// What a person calls it.
    public let name: String
    public let reason: String
    /// nil: of the data as a whole, such as a class folder without pictures.
    public let part: Part?
    /// Of the picture in its part; nil: a file as a whole.
    public let index: Int?
  }

  /// How many pictures were decoded, usable or not.
  public let images: Int
  /// Of the data as a whole, then of training, then of test; in each files as a whole, then pictures, by number.
  public let faults: [Fault]
  public let seconds: Double

  /// Holds files against their checksums where they have any, and decodes every picture of both parts whole. Every
  /// rank calls it and takes its share.
  ///
  /// - Parameters:
  ///   - strict: Whether warnings of the decoders count, where every row is there.
  ///   - progress: Is told now and then the share of this rank's work that is done.
  /// - Throws: `CollectiveError`.
  public init(
    of pair: DatasetPair, strict: Bool, pool: WorkerPool, communicator: Communicator,
    progress: (Double) -> Void
  ) throws {
    let start = ContinuousClock.now
    let sweep = Sweep(communicator: communicator, pool: pool)
    let all = pair.imageCount
    images = all
    var faults: [Fault] = []
    var done = 0
    for (part, dataset) in [(Fault.Part.train, pair.train)] + (pair.test.map { [(.test, $0)] } ?? []) {
      var found: [Fault?] = []
      if let files = dataset as? any ChecksummedDataset {
        // Reading takes little of the time that decoding does: it counts for nothing in the progress.
        found += try sweep.map(files.checksummedFiles.count, progress: { _ in }) { number in
          Self.reason { try files.verifyChecksum(ofFile: number) }.map {
            Fault(name: files.checksummedFiles[number], reason: $0, part: part, index: nil)
          }
        }
      }
      found += try sweep.map(
        dataset.count, progress: { progress((Double(done) + $0 * Double(dataset.count)) / Double(all)) }
      ) { index in
        Self.reason { try Self.decode(index, of: dataset, strict: strict) }.map {
          Fault(name: dataset.pictureName(at: index), reason: $0, part: part, index: index)
        }
      }
      done += dataset.count
      faults += try communicator.gather(found.compactMap(\.self)).sorted {
        ($0.index ?? -1, $0.name) < ($1.index ?? -1, $1.name)
      }
    }
    // What was found when the data was opened: pictures were found again, with the decoder's reason.
    let named = Set(faults.map(\.name))
    let others = pair.faults.filter { !named.contains($0.name) }
    self.faults = others.map { Fault(name: $0.name, reason: $0.reason, part: nil, index: nil) } + faults
    seconds = (ContinuousClock.now - start) / .seconds(1)
  }

  private static func decode(_ index: Int, of dataset: any ImageDataset, strict: Bool) throws {
    switch try dataset.picture(at: index) {
    case .pixels: break
    case .encoded(let image): _ = try image.decoded(strict: strict)
    }
  }

  /// Why `body` failed; nil: it did not.
  private static func reason(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch DatasetError.badImage(_, let reason) {
      return reason
    } catch {
      return "\(error)"
    }
  }
}
