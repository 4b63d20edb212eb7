import Images
import Testing

@testable import Datasets

@Suite struct ShapesTests {
  @Test func imagesAreTheSameEveryTimeAndInAnySize() {
    let few = ShapesDataset(.train, count: 20)
    let many = ShapesDataset(.train, count: 8000)
    for index in 0..<20 { #expect(few.image(at: index) == many.image(at: index)) }
  }

  @Test func noImageIsSharedOrRepeated() {
    let train = ShapesDataset(.train, count: 500)
    let test = ShapesDataset(.test, count: 500)
    let images = (0..<500).map { train.image(at: $0).pixels } + (0..<500).map { test.image(at: $0).pixels }
    #expect(Set(images).count == 1000)
  }

  @Test func classesComeInTurn() {
    let train = ShapesDataset(.train, count: 25)
    #expect(train.classCount == 10 && Set(train.classNames).count == 10)
    #expect((0..<25).map(train.label) == (0..<25).map { $0 % 10 })
  }

  @Test(arguments: TexturedShape.allCases)
  func shapesStayWithinTheirReachAndShowBothColours(shape: TexturedShape) {
    var seen: [TexturedShape.Surface: Int] = [:]
    for i in -60...60 {
      for j in -60...60 {
        let (x, y) = (Float(i) / 40, Float(j) / 40)
        let surface = shape.surface(x: x, y: y, period: 0.5)
        seen[surface, default: 0] += 1
        if surface != .background {
          #expect(x * x + y * y <= TexturedShape.reach * TexturedShape.reach, "\(shape) at \(x), \(y)")
        }
      }
    }
    #expect(seen[.ground, default: 0] > 500 && seen[.pattern, default: 0] > 200, "\(shape): \(seen)")
  }

  /// Colour must not give the class away: nearest neighbours by the intersection of 8×8×8 histograms.
  @Test(arguments: [1, 20])
  func colourHistogramsDoNotTellTheClass(k: Int) {
    let train = ShapesDataset(.train, count: 2000)
    let test = ShapesDataset(.test, count: 300)
    let known = (0..<2000).map { histogram(train.image(at: $0)) }
    var correct = 0
    for index in 0..<300 {
      let asked = histogram(test.image(at: index))
      let overlaps = known.map { known in zip(asked, known).reduce(0) { $0 + min($1.0, $1.1) } }
      let nearest = overlaps.indices.sorted { (overlaps[$1], $0) < (overlaps[$0], $1) }.prefix(k)
      var votes = [Int](repeating: 0, count: 10)
      for neighbor in nearest { votes[train.label(at: neighbor)!] += 1 }
      if votes.firstIndex(of: votes.max()!) == test.label(at: index) { correct += 1 }
    }
    #expect(Double(correct) / 300 < 0.3, "k = \(k): \(correct) of 300")
  }

  private func histogram(_ image: RGBImage) -> [Int] {
    var counts = [Int](repeating: 0, count: 512)
    for i in stride(from: 0, to: image.pixels.count, by: 3) {
      let bins = image.pixels[i..<i + 3].map { Int($0) >> 5 }
      counts[bins[0] * 64 + bins[1] * 8 + bins[2]] += 1
    }
    return counts
  }
}
