import Collectives
import Datasets
import Foundations
import Images
import Tensors

/// What a data set is like: how many images of which class, how large, in which colours.
public struct DataInspection: Report, Sendable {
  /// One part of the data.
  public struct Part: Sendable {
    public let name: String
    public let images: Int
    /// By label; nil: there are no labels.
    public let classCounts: [Int]?
    public let sizes: ImageSizes
  }

  public let source: String
  public let notes: [String]
  public let warnings: [String]
  public let digest: String?
  public let classNames: [String]
  public let parts: PerPart<Part>
  /// Of `sampledImages` training images.
  public let colors: ColorStatistics
  public let sampledImages: Int
  /// How training and evaluation centre the colours.
  public let normalization: Normalization

  /// Reads the header of every image and decodes a sample of the training images. Every rank calls it and takes
  /// its share; all get the same.
  ///
  /// - Parameters:
  ///   - source: What a person calls the data.
  ///   - sampleSize: How many training images colours are measured on: evenly spaced, so spread over classes.
  ///   - progress: Is told now and then the share of this rank's work that is done.
  /// - Throws: `CollectiveError`.
  public init(
    of data: DataParts, source: String, sampleSize: Int = 1000, pool: WorkerPool,
    communicator: Communicator,
    progress: (Double) -> Void
  ) throws {
    self.source = source
    notes = data.notes
    warnings = data.warnings
    digest = data.digest
    classNames = data.classNames
    normalization = data.train.normalization
    let sweep = Sweep(communicator: communicator, pool: pool)
    let sample = min(sampleSize, data.train.count)
    // Decoding an image takes about as long as reading the headers of ten.
    let work = Double(data.imageCount + 10 * sample)
    var done = 0.0
    parts = try data.datasets.map { _, dataset in
      let measured = try sweep.map(
        dataset.count, progress: { progress((done + $0 * Double(dataset.count)) / work) }
      ) { index in
        (try? dataset.storedImage(at: index)).map(ImageSizes.Measured.init)
      }
      done += Double(dataset.count)
      var own = ImageSizes()
      for image in measured { own.add(image) }
      var all = ImageSizes()
      for sizes in try communicator.gather([own]) { all.add(sizes) }
      var counts: [Int]?
      if dataset.isLabelled {
        counts = (0..<dataset.count).reduce(into: [Int](repeating: 0, count: dataset.classCount)) {
          if let label = dataset.label(at: $1) { $0[label] += 1 }
        }
      }
      return Part(name: dataset.name, images: dataset.count, classCounts: counts, sizes: all)
    }

    let dataset = data.train
    let decoded = try sweep.map(sample, progress: { progress((done + $0 * Double(10 * sample)) / work) }) {
      number in
      (try? dataset.image(at: number * dataset.count / sample)).map(ColorStatistics.init)
    }
    var own = ColorStatistics()
    for statistics in decoded { statistics.map { own.add($0) } }
    colors = ColorStatistics(sums: try communicator.sum(own.sums))
    sampledImages = Int(try communicator.sum([Int64(decoded.count { $0 != nil })])[0])
  }
}
