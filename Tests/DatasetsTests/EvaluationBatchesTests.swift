import Datasets
import Images
import Testing

@Suite struct EvaluationBatchesTests {
  @Test(arguments: [1, 2, 7, 31, 64], [1, 2, 3, 4, 8])
  func everyImageComesExactlyOnce(count: Int, worldSize: Int) throws {
    let dataset = ShapesDataset(.test, count: count)
    var seen: [Int] = []
    for rank in 0..<worldSize {
      let batches = EvaluationBatches(dataset, pieceSize: 8, rank: rank, worldSize: worldSize)
      let pieces = try (0..<batches.count).map(batches.piece)
      #expect(pieces.flatMap(\.indices) == Array(batches.indices))
      for piece in pieces {
        #expect(
          piece.images.rows == piece.indices.count && piece.labels == piece.indices.compactMap(dataset.label))
        #expect(piece.indices.count == 8 || piece.indices.upperBound == count, "only the last is partial")
      }
      seen += pieces.flatMap(\.indices)
    }
    #expect(seen == Array(0..<count))
  }

  /// Some pieces in the middle, and the last.
  @Test(arguments: [8..<24, 16..<31, 0..<31, 8..<8], [1, 2, 3, 4])
  func whatIsAskedForComesInTheWholesPieces(images: Range<Int>, worldSize: Int) throws {
    let dataset = ShapesDataset(.test, count: 31)
    let all = EvaluationBatches(dataset, pieceSize: 8)
    let whole = try (0..<all.count).map(all.piece)
    var seen: [Int] = []
    for rank in 0..<worldSize {
      let batches = EvaluationBatches(
        dataset, images: images, pieceSize: 8, rank: rank, worldSize: worldSize)
      for piece in try (0..<batches.count).map(batches.piece) {
        let same = try #require(whole.first { $0.indices == piece.indices })
        #expect(piece.images.values == same.images.values && piece.shown == Array(piece.indices))
        seen += piece.indices
      }
      #expect(batches.indices.count <= images.count)
    }
    #expect(seen == Array(images))
  }

  @Test func imagesAreNormalizedOnly() throws {
    let dataset = ShapesDataset(.test, count: 3)
    let piece = try EvaluationBatches(dataset, pieceSize: 2).piece(1)
    var expected = [Float](repeating: 0, count: 3072)
    expected.withUnsafeMutableBufferPointer { dataset.normalization.write(dataset.image(at: 2), into: $0) }
    #expect(piece.images.values == expected)
  }

  /// One image of 16×8 in a data set of side 7: resized to 16×8, the middle 7×7 cut out.
  private struct Wide: ImageDataset {
    let name = "wide"
    let count = 1
    let classNames = ["only"]
    let imageSize = 7
    let normalization = Normalization(mean: .zero, deviation: .one)
    func label(at index: Int) -> Int? { 0 }
    func storedImage(at index: Int) -> StoredImage {
      .pixels(
        RGBImage(width: 16, height: 8, pixels: (0..<128).flatMap { [UInt8($0), UInt8($0), UInt8($0)] }))
    }
  }

  @Test func otherSizesAreResizedAndCutOut() throws {
    let piece = try EvaluationBatches(Wide(), pieceSize: 4).piece(0)
    // (16 − 7)/2 = 4.5 and (8 − 7)/2 = 0.5 go to the even neighbours 4 and 0, as in Python.
    let expected = (0..<7).flatMap { y in (0..<7).map { x in Float(y * 16 + x + 4) / 255 } }
    #expect(piece.images.values == expected + expected + expected)
  }
}
