import Collectives
import Datasets
import Foundations
import Images
import Tensors

/// What decoding every image of a data set found.
public struct DataVerification: Report, Sendable {
  /// An image that cannot be used, or a file that is not what it was, and where it was found.
  public struct Finding: Codable, Equatable, Sendable {
    public let fault: DataFault
    /// nil: of the data as a whole, such as a class folder without images.
    public let part: DataPart?
    /// Of the image in its part; nil: a file as a whole.
    public let index: Int?
  }

  /// How many images were decoded, usable or not.
  public let images: Int
  /// Of the data as a whole, then of each part; in each files as a whole, then images, by number.
  public let findings: [Finding]
  public let seconds: Double

  /// Holds files against their checksums where they have any, and decodes every image of every part whole. Every
  /// rank calls it and takes its share.
  ///
  /// - Parameters:
  ///   - strict: Whether warnings of the decoders count, where every row is there.
  ///   - progress: Is told now and then the share of this rank's work that is done.
  /// - Throws: `CollectiveError`.
  public init(
    of data: DataParts, strict: Bool, pool: WorkerPool, communicator: Communicator,
    progress: (Double) -> Void
  ) throws {
    let start = ContinuousClock.now
    let sweep = Sweep(communicator: communicator, pool: pool)
    let all = data.imageCount
    images = all
    var findings: [Finding] = []
    var done = 0
    for (part, dataset) in data.datasets.all {
      var found: [Finding?] = []
      if let files = dataset as? any ChecksummedDataset {
        // Reading takes little of the time that decoding does: it counts for nothing in the progress.
        found += try sweep.map(files.checksummedFiles.count, progress: { _ in }) { number in
          Self.reason { try files.verifyChecksum(ofFile: number) }.map {
            Finding(
              fault: DataFault(name: files.checksummedFiles[number], reason: $0), part: part, index: nil)
          }
        }
      }
      found += try sweep.map(
        dataset.count, progress: { progress((Double(done) + $0 * Double(dataset.count)) / Double(all)) }
      ) { index in
        Self.reason { try Self.decode(index, of: dataset, strict: strict) }.map {
          Finding(
            fault: DataFault(name: dataset.imageName(at: index), reason: $0), part: part, index: index)
        }
      }
      done += dataset.count
      findings += try communicator.gather(found.compactMap(\.self)).sorted {
        ($0.index ?? -1, ByteName($0.fault.name)) < ($1.index ?? -1, ByteName($1.fault.name))
      }
    }
    // What was found when the data was opened: images were found again, with the decoder's reason.
    let named = Set(findings.map { ByteName($0.fault.name) })
    let others = data.faults.filter { !named.contains(ByteName($0.name)) }
    self.findings = others.map { Finding(fault: $0, part: nil, index: nil) } + findings
    seconds = (ContinuousClock.now - start) / .seconds(1)
  }

  private static func decode(_ index: Int, of dataset: any ImageDataset, strict: Bool) throws {
    switch try dataset.storedImage(at: index) {
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
