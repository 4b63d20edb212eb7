import Collectives
import Datasets
import Images
import Foundations
import Tensors
import Testing

@testable import DataTools

@Suite struct DataInspectionTests {
  private func inspect(_ pair: DataParts, sampleSize: Int = 1000, threads: Int = 2) throws -> DataInspection {
    try DataInspection(
      of: pair, source: "drawn", sampleSize: sampleSize, pool: WorkerPool(threads: threads),
      communicator: .alone(), progress: { _ in })
  }

  private let pair = DataParts(
    train: DrawnImages(name: "train"), test: DrawnImages(name: "val", count: 5), notes: ["a note"])

  private func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 0.01 }

  @Test func countsSizesAndFormats() throws {
    let found = try inspect(pair)
    #expect(found.parts.train.classCounts == [4, 4, 4])
    #expect(found.parts.test?.classCounts == [2, 2, 1])
    let sizes = found.parts.train.sizes
    #expect(sizes.kinds == ["PNG": 4, "JPEG": 8])
    #expect(sizes.small == 12 && sizes.unreadable == 0)
    let (width, height) = (
      try #require(ImageSizes.range(sizes.widths)), try #require(ImageSizes.range(sizes.heights))
    )
    #expect(width == (20, 25, 31))
    #expect(height == (18, 28, 40), "of an even number the lower middle")
    for line in [
      "source", "a note", "train", "12 images of 3 classes, 4 in each", "20 to 31 pixels, median 25",
      "12 of 12 images have a side below 224 pixels", "8 JPEG, 4 PNG", "from 1 in owl to 2 in cat",
      "cat 4/2  dog 4/2  owl 4/1",
    ] { #expect(found.text.contains(line), "\(line) in \(found.text)") }
    #expect(
      found.json["train"]?["width"]
        == .object(["min": .integer(20), "median": .integer(25), "max": .integer(31)]))
  }

  /// Images of one colour each, weighted by their pixels.
  @Test(arguments: [1, 3]) func meanAndDeviationAreOverPixels(threads: Int) throws {
    let found = try inspect(pair, threads: threads)
    let mean = try #require(found.colors.mean)
    let deviation = try #require(found.colors.deviation)
    var sum = 0.0
    var square = 0.0
    var pixels = 0.0
    for index in 0..<12 {
      let count = Double((20 + index) * (40 - 2 * index))
      let red = Double(10 * index) / 255
      sum += count * red
      square += count * red * red
      pixels += count
    }
    let expected = sum / pixels
    let expectedDeviation = (square / pixels - expected * expected).squareRoot()
    // JPEG may be off by a few levels.
    #expect(isNear(mean[0], expected) && isNear(deviation[0], expectedDeviation))
    #expect(isNear(mean[1], 100.0 / 255) && isNear(deviation[1], 0))
    #expect(found.sampledImages == 12)
    #expect(found.colors == (try inspect(pair)).colors)
  }

  /// Exactly, by hand: two pixels.
  @Test func meanAndDeviationOfTwoPixels() throws {
    let statistics = ColorStatistics(RGBImage(width: 2, height: 1, pixels: [0, 51, 255, 255, 51, 0]))
    #expect(statistics.mean == [0.5, 0.2, 0.5])
    let deviation = try #require(statistics.deviation)
    #expect(abs(deviation[0] - 0.5) < 1e-12 && deviation[1] < 1e-8)
    #expect(ColorStatistics().mean == nil)
  }

  @Test func aSampleIsSpreadOverTheData() throws {
    let found = try inspect(pair, sampleSize: 3)
    #expect(found.sampledImages == 3)
    // Images 0, 4 and 8 of red 0, 40 and 80: 800, 768 and 672 pixels.
    let red: Double = (768 * 40 + 672 * 80) / 2240
    let mean = try #require(found.colors.mean)
    #expect(isNear(mean[0], red / 255))
  }

  @Test func imagesThatCannotBeReadAreCounted() throws {
    struct Half: ImageDataset {
      let name = "half"
      let count = 4
      let classNames = ["only"]
      let imageSize = 8
      let normalization = Normalization.imageNet
      func label(at index: Int) -> Int? { 0 }
      func storedImage(at index: Int) throws -> StoredImage {
        guard index % 2 == 0 else { throw DatasetError.badImage(name: "x", reason: "it is away") }
        return .pixels(RGBImage(width: 8, height: 8, pixels: [UInt8](repeating: 51, count: 192)))
      }
    }
    let found = try inspect(DataParts(train: Half(), test: nil))
    #expect(found.parts.train.sizes.unreadable == 2 && found.sampledImages == 2)
    #expect(found.text.contains("2, which 'sluice data verify' names"))
    #expect(found.text.contains("nothing can be evaluated"))
    #expect(found.json["test"] == .null)
    #expect(found.colors.mean == [0.2, 0.2, 0.2])
  }
}
