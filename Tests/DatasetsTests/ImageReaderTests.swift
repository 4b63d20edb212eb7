import Foundation
import Images
import Tensors
import Testing

@testable import Datasets

/// `data.on_error`: which image stands in for a bad one, and what is said about it.
@Suite struct ImageReaderTests {
  /// Images of one grey level each, their number, which are also their labels; some are bad.
  struct Grey: ImageDataset {
    /// How an image is bad.
    enum Fault { case vanished, truncated, other }
    struct Other: Error {}

    let name = "grey"
    var count = 64
    let classNames = (0..<256).map { "\($0)" }
    let imageSize = 4
    let normalization = Normalization(mean: .zero, deviation: .one)
    var faults: [Int: Fault] = [:]

    func label(at index: Int) -> Int? { index }
    func storedImage(at index: Int) throws -> StoredImage {
      switch faults[index] {
      case .vanished: throw DatasetError.badImage(name: imageName(at: index), reason: "it is away")
      case .truncated: throw ImageError.truncated(.jpeg)
      case .other: throw Other()
      case nil:
        .pixels(RGBImage(width: 4, height: 4, pixels: Array(repeating: UInt8(index), count: 48)))
      }
    }
  }

  private func read(_ index: Int, of dataset: Grey, _ onError: OnBadImage = .skip) throws -> (Int, [Int]) {
    let (result, skipped) = try ImageReader(dataset, onError: onError).read(at: index) { $1 }
    return (result, skipped.map(\.index))
  }

  @Test func theNextUsableImageStandsIn() throws {
    let grey = Grey(faults: [3: .vanished, 4: .truncated, 63: .truncated, 0: .vanished])
    #expect(try read(2, of: grey) == (2, []))
    #expect(try read(3, of: grey) == (5, [3, 4]))
    #expect(try read(4, of: grey) == (5, [4]))
    // After the last image comes the first.
    #expect(try read(63, of: grey) == (1, [63, 0]))
  }

  @Test func anImageThatCannotBeDecodedIsABadOneToo() throws {
    let reader = ImageReader(Grey(), onError: .skip)
    let (result, skipped) = try reader.read(at: 7) { image, index in
      if index == 7 { throw ImageError.truncated(.png) }
      return index
    }
    #expect(result == 8)
    #expect(skipped == [SkippedImage(index: 7, reason: "the PNG ends before its last row")])
  }

  @Test func stoppingNamesImageAndReason() {
    let grey = Grey(faults: [3: .vanished, 4: .truncated])
    #expect(throws: DatasetError.badImage(name: "grey, image 3", reason: "it is away")) {
      try read(3, of: grey, .stop)
    }
    #expect(throws: DatasetError.badImage(name: "grey, image 4", reason: "the JPEG ends before its last row"))
    {
      try read(4, of: grey, .stop)
    }
  }

  @Test func otherErrorsAreNotSkipped() {
    #expect(throws: Grey.Other.self) { try read(3, of: Grey(faults: [3: .other])) }
  }

  @Test func aHundredBadImagesInARowAreTooMany() throws {
    let most = Dictionary(uniqueKeysWithValues: (10..<109).map { ($0, Grey.Fault.truncated) })
    #expect(try read(10, of: Grey(count: 200, faults: most)).0 == 109)
    var all = most
    all[109] = .vanished
    #expect(
      throws: DatasetError.badRun(
        first: "grey, image 10", count: 100, last: "grey, image 109", reason: "it is away")
    ) { try read(10, of: Grey(count: 200, faults: all)) }
    // A small data set without a good image ends sooner.
    let three = Grey(count: 3, faults: [0: .truncated, 1: .truncated, 2: .vanished])
    #expect(
      throws: DatasetError.badRun(
        first: "grey, image 1", count: 3, last: "grey, image 0", reason: "the JPEG ends before its last row")
    ) { try read(1, of: three) }
  }

  private let faulty = Grey(faults: [5: .truncated, 6: .vanished, 20: .vanished, 63: .truncated])

  private func loader(rank: Int = 0, of worldSize: Int = 1, threads: Int = 1) throws -> ViewLoader {
    var augmentation = AugmentationConfiguration()
    augmentation.size = 4
    return try ViewLoader(
      dataset: faulty,
      maker: ViewMaker(augmentation, normalization: faulty.normalization, count: 2, seed: 3), onError: .skip,
      globalBatchSize: 64, shardSize: 4,
      rank: rank, worldSize: worldSize, threads: threads)
  }

  /// The data set in one batch: each stand-in is seen in its place, and each bad image told.
  @Test(arguments: [1, 2, 4], [1, 3])
  func viewsAreTheSameOnAnyRanksAndThreads(worldSize: Int, threads: Int) throws {
    let whole = try loader().next()
    let parts = try (0..<worldSize).map { try loader(rank: $0, of: worldSize, threads: threads).next() }
    #expect(parts.flatMap(\.images.values) == whole.images.values)
    #expect(parts.flatMap(\.skipped) == whole.skipped)
    #expect(whole.skipped.map(\.index).sorted() == [5, 6, 6, 20, 63])
  }

  /// The label of a place is that of the image that is seen there.
  @Test func aStandInHasItsOwnLabel() throws {
    let batch = try loader().next()
    let standIns = [5: 7, 6: 7, 20: 21, 63: 0]
    #expect(batch.labels == batch.indices.map { standIns[$0] ?? $0 })
  }

  /// The draws stay those of the place: a stand-in is not the same view twice.
  @Test func aStandInHasTheDrawsOfItsPlace() throws {
    let batch = try loader().next()
    let values = batch.images.values
    for (place, expected) in [(5, 7), (6, 7), (7, 7), (20, 21), (63, 0)] {
      let position = try #require(batch.indices.firstIndex(of: place))
      for view in 0..<2 {
        var augmentation = AugmentationConfiguration()
        augmentation.size = 4
        let parameters = AugmentationParameters(
          drawnFor: augmentation, width: 4, height: 4,
          draws: RandomDraws(seed: 3, purpose: .augmentation, index: place, view: view))
        var planes = [Float](repeating: 0, count: 48)
        let made = parameters.apply(to: try faulty.image(at: expected), size: 4, interpolation: .bicubic)
        planes.withUnsafeMutableBufferPointer { faulty.normalization.write(made, into: $0) }
        let row = (position / 4 * 2 + view) * 4 + position % 4
        #expect(Array(values[row * 48..<(row + 1) * 48]) == planes, "place \(place), view \(view)")
      }
    }
  }

  @Test(arguments: [1, 2, 3]) func evaluationTakesTheLabelOfTheStandIn(worldSize: Int) throws {
    var labels: [Int] = []
    var shown: [Int] = []
    var levels: [Int] = []
    var skipped: [Int] = []
    for rank in 0..<worldSize {
      let batches = EvaluationBatches(
        faulty, onError: .skip, pieceSize: 8, rank: rank, worldSize: worldSize)
      for piece in try (0..<batches.count).map(batches.piece) {
        labels += try #require(piece.labels)
        shown += piece.shown
        levels += (0..<piece.images.rows).map { Int((piece.images.values[$0 * 48] * 255).rounded()) }
        skipped += piece.skipped.map(\.index)
      }
    }
    let expected = (0..<64).map { [5: 7, 6: 7, 20: 21, 63: 0][$0] ?? $0 }
    #expect(labels == expected && levels == expected && shown == expected)
    #expect(skipped == [5, 6, 6, 20, 63])
  }

  @Test func eachSkippedImageIsKeptOnce() {
    let images = [(9, "a"), (2, "b"), (9, "a")].map { SkippedImage(index: $0.0, reason: $0.1) }
    #expect(images.unique.map(\.index) == [2, 9])
  }
}
