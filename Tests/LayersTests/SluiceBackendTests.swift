import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

/// That our own convolutions are convolutions, with the same bits on every instruction set (contract C9).
@Suite struct SluiceBackendTests {
  /// A convolution of random sizes and numbers.
  struct Case: Sendable, CustomStringConvertible {
    let shape: ConvolutionShape
    let takesImages: Bool
    let x: [Float]
    let weights: [Float]
    let dy: [Float]

    var description: String { "\(shape)\(takesImages ? " of images" : "")" }

    /// - Parameter kernelSizes: With strides of 1 to 3, or 1 if Winograd's is all there is.
    init(seed: UInt64, kernelSizes: [Int]) {
      var random = TestNumbers(seed: seed)
      let kernelSize = kernelSizes.randomElement(using: &random)!
      takesImages = kernelSizes.count > 1 && Bool.random(using: &random)
      let padding = Int.random(in: 0...(kernelSize == 3 ? 2 : kernelSize / 2), using: &random)
      // A part of the maps is larger than a chunk of the direct code's.
      let sizes = max(1, kernelSize - 2 * padding)...(seed % 4 == 0 ? 30 : 13)
      shape = ConvolutionShape(
        rows: .random(in: 1...4, using: &random),
        inChannels: .random(in: 1...(takesImages ? 3 : 35), using: &random),
        height: .random(in: sizes, using: &random), width: .random(in: sizes, using: &random),
        outChannels: .random(in: 1...35, using: &random), kernelSize: kernelSize,
        stride: kernelSizes.count > 1 ? .random(in: 1...3, using: &random) : 1, padding: padding)
      (x, weights, dy) = Self.numbers(for: shape, &random)
    }

    init(_ shape: ConvolutionShape) {
      var random = TestNumbers(seed: 1)
      self.shape = shape
      takesImages = false
      (x, weights, dy) = Self.numbers(for: shape, &random)
    }

    private static func numbers(
      for shape: ConvolutionShape, _ random: inout TestNumbers
    ) -> (x: [Float], weights: [Float], dy: [Float]) {
      let x = random.normals(shape.rows * shape.inChannels * shape.height * shape.width).map { max($0, 0) }
      let weights = random.normals(
        shape.outChannels * shape.inChannels * shape.kernelSize * shape.kernelSize)
      return (x, weights, random.normals(shape.rows * shape.outChannels * shape.outHeight * shape.outWidth))
    }

    /// Directions that it has: there are no gradients of images.
    var directions: [Convolution.Direction] {
      Convolution.Direction.allCases.filter { !takesImages || $0 != .backwardData }
    }

    /// What a backend's algorithm makes of it, in the order of NCHW and OIHW.
    ///
    /// - Parameters:
    ///   - mask: 1 for open channels, by row; the others are zeros.
    ///   - isOpenOnly: Whether the kernel gets open channels only.
    func result(
      _ direction: Convolution.Direction, of algorithm: ConvolutionAlgorithm,
      _ backend: some ConvolutionBackend,
      lanes: Int, mask: [Float]? = nil, isOpenOnly: Bool = false
    ) throws -> [Float] {
      let problem = ConvolutionProblem(shape, direction, inLanes: takesImages ? 1 : lanes, lanes: lanes)
      let kernel = try backend.makeKernel(algorithm, problem)
      let x = masked(by: mask, movesTogether: isOpenOnly)
      let input = map(direction == .backwardData ? nil : x, shape.inChannels, shape.height, problem.inLanes)
      let open = mask.map { Tensor(shape: [shape.rows, shape.inChannels, 1, 1], lanes: lanes, $0) }
      let output = map(direction == .forward ? nil : dy, shape.outChannels, shape.outHeight, lanes)
      let packed = BufferPool.working.take(count: kernel.packedCount)
      // One by one, in any order.
      let panels = (0..<kernel.panels).reversed().map { $0..<$0 + 1 }
      if direction != .backwardWeights {
        for panel in panels { try kernel.pack(weights, into: packed.pointer, panels: panel) }
      }
      let ones = isOpenOnly ? open.map { UnsafePointer($0.pointer) } : nil
      try kernel.run(open: ones, input: input.row(0), weights: packed.pointer, output: output.row(0))
      switch direction {
      case .forward: return output.values
      case .backwardData: return input.values
      case .backwardWeights:
        var gradient = weights
        for panel in panels { try kernel.unpack(packed.pointer, into: &gradient, panels: panel) }
        return gradient
      }
    }

    /// The input with zeros in closed channels; with open ones before them if they move together.
    private func masked(by mask: [Float]?, movesTogether: Bool) -> [Float] {
      guard let mask else { return x }
      let pixels = shape.height * shape.width
      var result = [Float](repeating: 0, count: x.count)
      for row in 0..<shape.rows {
        var next = row * shape.inChannels
        for channel in row * shape.inChannels..<(row + 1) * shape.inChannels {
          let place = movesTogether ? next : channel
          guard mask[channel] != 0 else { continue }
          result.replaceSubrange(
            place * pixels..<(place + 1) * pixels, with: x[channel * pixels..<(channel + 1) * pixels])
          next += 1
        }
      }
      return result
    }

    private func map(_ values: [Float]?, _ channels: Int, _ height: Int, _ lanes: Int) -> Tensor {
      let width = height == shape.outHeight && channels == shape.outChannels ? shape.outWidth : shape.width
      let count = shape.rows * channels * height * width
      return Tensor(
        shape: [shape.rows, channels, height, width], lanes: lanes,
        values ?? Array(repeating: .nan, count: count))
    }
  }

  private static let sets = InstructionSet.allCases.filter(\.isAvailable)

  /// On every instruction set and in every layout: the same bits, close to the definition's numbers.
  private func check(_ c: Case, _ algorithm: ConvolutionAlgorithm, tolerance: Double) throws {
    for direction in c.directions {
      let expected = try c.result(direction, of: PlainBackend.plain, PlainBackend(), lanes: 8)
      let best = SluiceBackend()
      let found = try c.result(direction, of: algorithm, best, lanes: 8)
      #expect(maxRelativeToLargest(found, expected) < tolerance, "\(direction)")
      for set in Self.sets {
        for lanes in [8, 16] {
          let same = try c.result(direction, of: algorithm, SluiceBackend(instructionSet: set), lanes: lanes)
          #expect(same.map(\.bitPattern) == found.map(\.bitPattern), "\(direction), \(set), \(lanes) lanes")
        }
      }
    }
  }

  @Test(arguments: (1...24).map { Case(seed: $0, kernelSizes: [1, 2, 3, 5, 7]) })
  func directIsTheDefinition(_ c: Case) throws {
    try check(c, SluiceBackend.direct, tolerance: 2e-6)
  }

  @Test(arguments: (1...24).map { Case(seed: $0, kernelSizes: [3]) })
  func winogradIsTheDefinitionButForRounding(_ c: Case) throws {
    try check(c, SluiceBackend.winograd, tolerance: 1e-5)
  }

  /// Transformed weights of 28 MB, which are written past the caches; channels fill neither blocks nor groups.
  @Test func manyWeightsAreTheDefinitionToo() throws {
    let shape = ConvolutionShape(
      rows: 2, inChannels: 450, height: 4, width: 4, outChannels: 431, kernelSize: 3, stride: 1, padding: 1)
    try check(Case(shape), SluiceBackend.winograd, tolerance: 1e-5)
  }

  /// What closed channels are left out of has the bits of what their zeros were multiplied in. None, one and
  /// all are open in some rows.
  @Test(arguments: (101...132).map { Case(seed: $0, kernelSizes: [3]) })
  func leavingOutClosedChannelsChangesNoBit(_ c: Case) throws {
    for direction in [Convolution.Direction.forward, .backwardWeights] {
      try checkLeavingOutClosedChannels(c, direction, SluiceBackend.winograd)
    }
  }

  @Test(
    arguments: (501...532).map { Case(seed: $0, kernelSizes: [1, 2, 3, 5]) }.filter { !$0.takesImages })
  func leavingOutClosedChannelsChangesNoBitOfDirects(_ c: Case) throws {
    try checkLeavingOutClosedChannels(c, .forward, SluiceBackend.direct)
  }

  private func checkLeavingOutClosedChannels(
    _ c: Case, _ direction: Convolution.Direction, _ algorithm: ConvolutionAlgorithm
  ) throws {
    var random = TestNumbers(seed: 1)
    let mask = (0..<c.shape.rows).flatMap { row in
      let density = [0, 0.1, 0.5, 0.9, 1].randomElement(using: &random)!
      return (0..<c.shape.inChannels).map { _ in
        Float(Double.random(in: 0..<1, using: &random) < density ? 1 : 0)
      }
    }
    for set in Self.sets {
      for lanes in [8, 16] {
        let results = try [false, true].map {
          try c.result(
            direction, of: algorithm, SluiceBackend(instructionSet: set), lanes: lanes, mask: mask,
            isOpenOnly: $0
          )
        }
        #expect(
          results[0].map(\.bitPattern) == results[1].map(\.bitPattern), "\(direction), \(set), \(lanes) lanes"
        )
      }
    }
  }

  @Test func skippingIsForInputsWhereItIsFaster() throws {
    func skips(
      _ direction: Convolution.Direction, _ algorithm: ConvolutionAlgorithm = SluiceBackend.winograd,
      density: Double
    ) throws -> Bool {
      let shape = ConvolutionShape(
        rows: 64, inChannels: 64, height: 32, width: 32, outChannels: 64, kernelSize: 3, stride: 1, padding: 1
      )
      return try SluiceBackend().makeKernel(algorithm, ConvolutionProblem(shape, direction))
        .skipsClosedChannels(atDensity: density)
    }
    for direction in [Convolution.Direction.forward, .backwardWeights] {
      #expect(try skips(direction, density: 0) && skips(direction, density: 0.5))
      #expect(try !skips(direction, density: 1))
      #expect(try skips(direction, SluiceBackend.direct, density: 0.5) == (direction == .forward))
      #expect(try !skips(direction, SluiceBackend.direct, density: 1))
    }
    #expect(try !skips(.backwardData, density: 0.1))
  }

  @Test func winogradIsForItsShapesAlone() {
    func fits(_ kernelSize: Int, stride: Int = 1, padding: Int = 1, inLanes: Int = 8) -> Bool {
      let shape = ConvolutionShape(
        rows: 1, inChannels: 3, height: 9, width: 9, outChannels: 8, kernelSize: kernelSize, stride: stride,
        padding: padding)
      let problem = ConvolutionProblem(shape, .forward, inLanes: inLanes, lanes: 8)
      return SluiceBackend().fits(SluiceBackend.winograd, problem)
    }
    #expect(fits(3) && fits(3, padding: 0) && fits(3, padding: 2))
    #expect(!fits(3, padding: 3) && !fits(3, stride: 2) && !fits(1, padding: 0) && !fits(3, inLanes: 1))
  }

  @Test func whatTheProcessorLacksIsNotThere() {
    for set in InstructionSet.allCases {
      #expect(SluiceBackend(instructionSet: set).isAvailable(SluiceBackend.direct) == set.isAvailable)
    }
    #expect(
      InstructionSet.baseline.isAvailable && InstructionSet.best.isAvailable)
  }

  /// Winograd where it saves more than its transforms cost: not for tiny or few maps, whose weights outweigh them.
  @Test func costsChooseTheAlgorithm() {
    func winogradWins(_ channels: Int, _ size: Int, rows: Int = 64) -> Bool {
      let shape = ConvolutionShape(
        rows: rows, inChannels: channels, height: size, width: size, outChannels: channels, kernelSize: 3,
        stride: 1, padding: 1)
      return Convolution.Direction.allCases.allSatisfy { direction in
        ConvolutionKernels(.auto, backends: .init([SluiceBackend()]))
          .algorithm(for: ConvolutionProblem(shape, direction, inLanes: 8, lanes: 8))
          == SluiceBackend.winograd
      }
    }
    for (channels, size) in [(64, 32), (64, 34), (128, 17), (256, 9), (512, 5), (512, 4), (512, 7), (64, 56)]
    {
      #expect(winogradWins(channels, size), "\(channels), \(size)")
    }
    #expect(!winogradWins(512, 1) && !winogradWins(512, 4, rows: 2))
  }
}
