import Tensors
import TestSupport
import Testing

@testable import Layers

/// A convolution with all that follows it in an evaluation, of all output channels or of open ones alone.
@Suite struct FusedKernelTests {
  typealias Case = SluiceBackendTests.Case

  /// What surrounds a convolution.
  struct Surrounding {
    let scale: [Float]
    let shift: [Float]
    let added: [Float]?
    let addedScale: [Float]?
    let addedShift: [Float]?
    /// Of output channels, by row.
    let mask: [Float]?

    /// - Parameters:
    ///   - densities: Of open channels in rows, at random; nil: there is no mask.
    ///   - group: How many neighbouring channels open together.
    init(_ shape: ConvolutionShape, adds: Bool, densities: [Double]?, group: Int = 1, seed: UInt64) {
      var random = TestNumbers(seed: seed)
      let channels = shape.outChannels
      scale = random.normals(channels)
      shift = random.normals(channels)
      added = adds ? random.normals(shape.rows * channels * shape.outHeight * shape.outWidth) : nil
      let isNormalized = adds && Bool.random(using: &random)
      addedScale = isNormalized ? random.normals(channels) : nil
      addedShift = isNormalized ? random.normals(channels) : nil
      mask = densities.map { densities in
        (0..<shape.rows).flatMap { _ in
          let density = densities.randomElement(using: &random)!
          let groups = (0...channels / group).map { _ in Double.random(in: 0..<1, using: &random) < density }
          return (0..<channels).map { Float(groups[$0 / group] ? 1 : 0) }
        }
      }
    }

    /// relu(scale·y + shift + added) ⊙ mask by the definition.
    func applied(to y: [Float], _ shape: ConvolutionShape) -> [Float] {
      let pixels = shape.outHeight * shape.outWidth
      return y.indices.map { i in
        let (plane, c) = (i / pixels, i / pixels % shape.outChannels)
        var z = Double(scale[c]) * Double(y[i]) + Double(shift[c])
        if let added {
          z += Double(addedScale?[c] ?? 1) * Double(added[i]) + Double(addedShift?[c] ?? 0)
        }
        return mask.map { $0[plane] == 0 } ?? false ? 0 : Float(max(z, 0))
      }
    }
  }

  /// What the kernel makes of it in the order of NCHW, closed channels as zeros; with which channels it wrote, if it may
  /// leave out some.
  private func result(
    _ c: Case, _ algorithm: ConvolutionAlgorithm, _ surrounding: Surrounding, _ set: InstructionSet,
    lanes: Int, selects: Bool
  ) throws -> (values: [Float], written: [Float]?) {
    let shape = c.shape
    let problem = ConvolutionProblem(shape, .forward, inLanes: lanes, lanes: lanes)
    let kernel = try #require(
      try SluiceBackend(instructionSet: set).makeKernel(algorithm, problem).fused)
    func channels(_ values: [Float]?) -> Tensor? {
      values.map { Tensor(shape: [1, shape.outChannels, 1, 1], lanes: lanes, $0) }
    }
    func map(_ values: [Float]) -> Tensor {
      Tensor(shape: [shape.rows, shape.outChannels, shape.outHeight, shape.outWidth], lanes: lanes, values)
    }
    let input = Tensor(shape: [shape.rows, shape.inChannels, shape.height, shape.width], lanes: lanes, c.x)
    let output = map(Array(repeating: .nan, count: c.dy.count))
    let (scale, shift) = (channels(surrounding.scale)!, channels(surrounding.shift)!)
    let (addedScale, addedShift) = (channels(surrounding.addedScale), channels(surrounding.addedShift))
    let added = surrounding.added.map(map)
    let mask = surrounding.mask.map {
      Tensor(shape: [shape.rows, shape.outChannels, 1, 1], lanes: lanes, $0)
    }
    let written = selects ? mask?.makeSimilar() : nil
    let packed = BufferPool.working.take(count: kernel.packedCount(selects: selects))
    try kernel.pack(c.weights, into: packed.pointer, panels: 0..<kernel.panels, selects: selects)
    let scratch = BufferPool.working.take(count: kernel.scratchCount)
    try kernel.run(
      FusedOperands(
        open: nil, input: input.row(0), weights: packed.pointer, scale: scale.pointer, shift: shift.pointer,
        added: added?.row(0), addedScale: addedScale?.pointer, addedShift: addedShift?.pointer,
        mask: mask?.row(0), output: output.row(0), openOutputs: written?.row(0)),
      scratch: scratch.pointer)
    let values = output.values
    guard let written else { return (values, nil) }
    return (spread(values, written.values, shape), written.values)
  }

  /// Moves open channels, which come one after the other, to their places.
  private func spread(_ values: [Float], _ open: [Float], _ shape: ConvolutionShape) -> [Float] {
    let pixels = shape.outHeight * shape.outWidth
    var result = [Float](repeating: 0, count: values.count)
    for row in 0..<shape.rows {
      var next = row * shape.outChannels
      for channel in row * shape.outChannels..<(row + 1) * shape.outChannels where open[channel] != 0 {
        result.replaceSubrange(
          channel * pixels..<(channel + 1) * pixels, with: values[next * pixels..<(next + 1) * pixels])
        next += 1
      }
    }
    return result
  }

  private func check(
    _ c: Case, _ surrounding: Surrounding, selects: Bool,
    algorithm: ConvolutionAlgorithm = SluiceBackend.winograd
  ) throws {
    let y = try c.result(.forward, of: PlainBackend.plain, PlainBackend(), lanes: 8)
    let expected = surrounding.applied(to: y, c.shape)
    let found = try result(c, algorithm, surrounding, .baseline, lanes: 8, selects: selects)
    #expect(maxRelativeToLargest(found.values, expected) < 2e-5)
    if let written = found.written, let mask = surrounding.mask {
      #expect(zip(written, mask).allSatisfy { $0 >= $1 }, "an open channel was not written")
    }
    for set in InstructionSet.allCases where set.isAvailable {
      for lanes in [8, 16] {
        let same = try result(c, algorithm, surrounding, set, lanes: lanes, selects: selects)
        #expect(
          same.values.map(\.bitPattern) == found.values.map(\.bitPattern) && same.written == found.written,
          "\(set), \(lanes) lanes")
      }
    }
  }

  @Test(arguments: (201...216).map { Case(seed: $0, kernelSizes: [3]) })
  func whatFollowsIsTheDefinition(_ c: Case) throws {
    try check(c, Surrounding(c.shape, adds: false, densities: nil, seed: 1), selects: false)
    try check(c, Surrounding(c.shape, adds: true, densities: nil, seed: 2), selects: false)
    try check(c, Surrounding(c.shape, adds: false, densities: [0, 0.3, 1], seed: 3), selects: false)
  }

  /// None, one, some and all are open in rows of one batch; the same bits on every instruction set (contract C9).
  @Test(arguments: (301...324).map { Case(seed: $0, kernelSizes: [3]) })
  func openOutputsAreTheDefinition(_ c: Case) throws {
    for densities in [[0], [1 / Double(c.shape.outChannels)], [1], [0, 0.1, 0.2, 0.5, 0.9, 1]] {
      try check(c, Surrounding(c.shape, adds: false, densities: densities, seed: 4), selects: true)
    }
  }

  /// Where whole panels of 16 channels are open, they have the bits that they have among all channels.
  @Test(
    arguments: (401...424).map { Case(seed: $0, kernelSizes: [3]) },
    [SluiceBackend.winograd, SluiceBackend.direct])
  func openPanelsAreThoseOfAllChannels(_ c: Case, _ algorithm: ConvolutionAlgorithm) throws {
    let surrounding = Surrounding(c.shape, adds: false, densities: [0, 0.4, 0.7, 1], group: 16, seed: 6)
    try check(c, surrounding, selects: true, algorithm: algorithm)
    func values(selects: Bool) throws -> [UInt32] {
      try result(c, algorithm, surrounding, .baseline, lanes: 8, selects: selects).values.map(\.bitPattern)
    }
    // Where images have few tiles, single channels are left out all the same.
    guard algorithm == SluiceBackend.direct || min(c.shape.outHeight, c.shape.outWidth) > 5 else { return }
    #expect(try values(selects: true) == values(selects: false))
  }

  /// The same of direct convolutions, of kernels and strides that Winograd's are not for.
  @Test(
    arguments: (401...448).map { Case(seed: $0, kernelSizes: [1, 2, 3, 5]) }.filter { !$0.takesImages })
  func directsAreTheDefinition(_ c: Case) throws {
    func check(adds: Bool, _ densities: [Double]?, selects: Bool) throws {
      try self.check(
        c, Surrounding(c.shape, adds: adds, densities: densities, seed: 5), selects: selects,
        algorithm: SluiceBackend.direct)
    }
    try check(adds: false, nil, selects: false)
    try check(adds: true, nil, selects: false)
    try check(adds: false, [0, 0.3, 1], selects: false)
    for densities in [[0], [1 / Double(c.shape.outChannels)], [1], [0, 0.1, 0.2, 0.5, 0.9, 1]] {
      try check(adds: false, densities, selects: true)
    }
  }

  @Test func onlyForwardOfMapsHasOne() throws {
    let shape = ConvolutionShape(
      rows: 2, inChannels: 8, height: 9, width: 9, outChannels: 8, kernelSize: 3, stride: 1, padding: 1)
    func isFused(_ direction: Convolution.Direction, inLanes: Int) throws -> Bool {
      let problem = ConvolutionProblem(shape, direction, inLanes: inLanes, lanes: 8)
      return try SluiceBackend().makeKernel(SluiceBackend.direct, problem).fused != nil
    }
    #expect(try isFused(.forward, inLanes: 8))
    #expect(try !isFused(.forward, inLanes: 1))
    #expect(try !isFused(.backwardData, inLanes: 8))
  }
}
