import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

@Suite struct BatchNormTests {
  struct Case: Sendable, CustomStringConvertible {
    let shape: [Int]
    var affine = true
    var relu = false
    var masked = false
    var evaluation = false

    var description: String {
      "\(shape)" + (affine ? "" : ", not affine") + (relu ? ", ReLU" : "") + (masked ? ", mask" : "")
        + (evaluation ? ", evaluation" : "")
    }

    static let all = [
      Case(shape: [4, 5, 3, 4]), Case(shape: [4, 17, 3, 3], relu: true),
      Case(shape: [6, 8, 2, 3], relu: true, masked: true), Case(shape: [16, 20, 1, 1], masked: true),
      Case(shape: [16, 10]), Case(shape: [16, 10], affine: false), Case(shape: [12, 19], relu: true),
      Case(shape: [4, 5, 3, 4], relu: true, masked: true, evaluation: true),
      Case(shape: [16, 1], relu: true, evaluation: true), Case(shape: [1, 3, 4, 4]),
    ]

    var count: Int { shape.reduce(1, *) }
    var maskShape: [Int] { [shape[0], shape[1]] }

    /// A matrix is stored plainly, a map in blocks.
    func tensor(_ values: [Float], _ variant: PassVariant) -> Tensor {
      Tensor(shape: shape, lanes: shape.count == 2 ? shape[1] : variant.lanes, values)
    }
  }

  /// A layer with parameters and running statistics that are not the initial ones.
  private func makeLayer(_ c: Case, _ numbers: inout TestNumbers) -> BatchNorm {
    let layer = BatchNorm("test", channels: c.shape[1], affine: c.affine)
    layer.weight?.array = numbers.uniforms(c.shape[1], 0.5, 1.5)
    layer.bias?.array = numbers.uniforms(c.shape[1], -0.1, 0.1)
    layer.runningMean = numbers.uniforms(c.shape[1], -0.1, 0.1)
    layer.runningVariance = numbers.uniforms(c.shape[1], 0.5, 1.5)
    return layer
  }

  @Test(arguments: Case.all)
  func gradientsMatchFiniteDifferences(_ c: Case) throws {
    for variant in PassVariant.all(images: c.shape[0]) {
      var numbers = TestNumbers(seed: 4)
      let layer = makeLayer(c, &numbers)
      let x = numbers.awayFromZero(c.count)
      let coefficients = numbers.normals(c.count)
      let mask = c.masked ? numbers.uniforms(c.shape[0] * c.shape[1], 0.2, 1) : []
      let pass = variant.pass(c.evaluation ? .evaluation : .training, rows: c.shape[0])
      func maskTensor(_ mask: [Float]) -> Tensor? {
        c.masked ? Tensor(shape: c.maskShape, lanes: variant.lanes, mask) : nil
      }
      func loss(_ x: [Float], _ mask: [Float]) throws -> Double {
        let x = c.tensor(x, variant)
        let statistics = try layer.statistics(of: x, in: pass)
        let y = try layer.normalize(x, statistics, relu: c.relu, mask: maskTensor(mask), in: pass)
        return weightedSum(y.values, coefficients)
      }

      let input = c.tensor(x, variant)
      let statistics = try layer.statistics(of: input, in: pass)
      let dy = c.tensor(coefficients, variant)
      let (dx, dmask) = try layer.backward(
        dy, input: input, statistics, relu: c.relu, mask: maskTensor(mask), needsMaskGradient: c.masked,
        into: dy, in: pass)
      let errors = [
        ("dx", try gradientError(dx.values, at: x, step: 3e-3) { try loss($0, mask) }),
        (
          "dmask",
          try dmask.map { try gradientError($0.values, at: mask, step: 0.1) { try loss(x, $0) } } ?? 0
        ),
        ("dweight", try parameterError(layer.weight) { try loss(x, mask) }),
        ("dbias", try parameterError(layer.bias) { try loss(x, mask) }),
      ]
      for (name, error) in errors { #expect(error < 1e-3, "\(name), \(variant)") }
    }
  }

  private func parameterError(_ parameter: Parameter?, loss: () throws -> Double) throws -> Double {
    guard let parameter else { return 0 }
    let values = parameter.array
    defer { parameter.array = values }
    return try gradientError(parameter.gradientArray, at: values, step: 1e-2) {
      parameter.array = $0
      return try loss()
    }
  }

  /// relu(BN(x) + shortcut), with and without a batch norm in the shortcut, as residual blocks use it.
  @Test(arguments: [false, true])
  func residualSumGradientsMatchFiniteDifferences(normalizedShortcut: Bool) throws {
    let c = Case(shape: [4, 11, 3, 3])
    for variant in PassVariant.all(images: 4) {
      var numbers = TestNumbers(seed: 6)
      let (layer, other) = (makeLayer(c, &numbers), makeLayer(c, &numbers))
      // Whole channels are on or off, so that no sum is near the kink.
      layer.bias?.array = (0..<11).map { $0 % 3 == 0 ? -12 : 12 }
      let (x, r) = (numbers.normals(c.count), numbers.normals(c.count))
      let coefficients = numbers.normals(c.count)
      let pass = variant.pass(rows: 4)
      func forward(
        _ x: Tensor, _ r: Tensor
      ) throws -> (y: Tensor, own: BatchNorm.Statistics, shortcut: BatchNorm.Statistics?) {
        let own = try layer.statistics(of: x, in: pass)
        let shortcut = normalizedShortcut ? try other.statistics(of: r, in: pass) : nil
        let y = try layer.normalize(x, own, adding: r, normalizedBy: shortcut, in: pass)
        #expect(maxRelativeToLargest(y.means.values, y.map.means.values) < 1e-6)
        return (y.map, own, shortcut)
      }
      func loss(_ x: [Float], _ r: [Float]) throws -> Double {
        weightedSum(try forward(c.tensor(x, variant), c.tensor(r, variant)).y.values, coefficients)
      }
      let (input, shortcut) = (c.tensor(x, variant), c.tensor(r, variant))
      let (y, own, shortcutStatistics) = try forward(input, shortcut)
      #expect(y.values.contains(0) && y.values.contains { $0 > 0 })
      let gradients = try layer.residualBackward(
        MapGradient(c.tensor(coefficients, variant)), output: y, input: input, own,
        shortcut: shortcutStatistics.map { .init(batchNorm: other, input: shortcut, statistics: $0) },
        in: pass)
      #expect(
        try gradientError(gradients.dx.values, at: x, step: 1e-2) { try loss($0, r) } < 1e-3, "dx, \(variant)"
      )
      #expect(
        try gradientError(gradients.dshortcut.values, at: r, step: 1e-2) { try loss(x, $0) } < 1e-3,
        "dr, \(variant)")
    }
  }

  /// A gradient in parts is the gradient of their sum.
  @Test func gradientsMayArriveInParts() throws {
    let c = Case(shape: [4, 11, 5, 7])
    for variant in PassVariant.all(images: 4) {
      var numbers = TestNumbers(seed: 14)
      let layer = makeLayer(c, &numbers)
      let x = c.tensor(numbers.normals(c.count), variant)
      let (a, b) = (numbers.normals(c.count), numbers.normals(c.count))
      let dmeans = Tensor(rows: 4, columns: 11, numbers.normals(44))
      let pass = variant.pass(rows: 4)
      let statistics = try layer.statistics(of: x, in: pass)
      func gradients(_ dy: MapGradient) throws -> [[Float]] {
        let (g, derivative) = try layer.reluBackward(dy, input: x, statistics, in: pass)
        let dx = try derivative.inputGradient(g, input: x, in: pass)
        return [dx.values, layer.weight!.gradientArray, layer.bias!.gradientArray]
      }
      for parts in [
        { MapGradient(means: dmeans) }, { MapGradient(c.tensor(a, variant), means: dmeans) },
        { MapGradient(c.tensor(a, variant), c.tensor(b, variant)) },
        { MapGradient(c.tensor(a, variant), c.tensor(b, variant), means: dmeans) },
      ] {
        let whole = MapGradient(c.tensor(parts().values(like: x), variant))
        for (found, expected) in zip(try gradients(parts()), try gradients(whole)) {
          #expect(maxRelativeToLargest(found, expected) < 1e-6, "\(variant)")
        }
        // The same where the ReLU's output decides instead of its input.
        let y = try layer.normalize(x, statistics, relu: true, in: pass)
        let copy = c.tensor(x.values, variant)
        let sum = try layer.residualBackward(
          parts(), output: y, input: copy, statistics, shortcut: nil, in: pass)
        #expect(sum.dx.values == (try gradients(parts()))[0], "\(variant)")
        #expect(zip(y.values, sum.dshortcut.values).allSatisfy { $0 > 0 || $1 == 0 })
      }
    }
  }

  /// Two views in one pass give what they give one after the other, running statistics included.
  @Test func viewsAreNormalizedOneAfterTheOther() throws {
    let c = Case(shape: [4, 6, 3, 3])
    var numbers = TestNumbers(seed: 7)
    let together = makeLayer(c, &numbers)
    let apart = BatchNorm("test", channels: 6)
    apart.weight!.array = together.weight!.array
    apart.bias!.array = together.bias!.array
    (apart.runningMean, apart.runningVariance) = (together.runningMean, together.runningVariance)
    let views = [numbers.normals(c.count), numbers.normals(c.count).map { 3 * $0 + 1 }]

    let pass = Pass(
      .training, rows: 8, views: 2, shardSize: 2, pool: .forKernels(threads: 2))
    let x = Tensor(views: views, shape: c.shape, lanes: pass.lanes, shardSize: 2)
    let y = try together.normalize(x, try together.statistics(of: x, in: pass), relu: false, in: pass)
    for view in 0..<2 {
      let single = PassVariant(shardSize: 2).pass(rows: 4)
      let x = Tensor(shape: c.shape, lanes: single.lanes, views[view])
      let expected = try apart.normalize(x, try apart.statistics(of: x, in: single), relu: false, in: single)
      #expect(y.values(ofView: view, in: pass) == expected.values)
    }
    #expect(together.runningMean == apart.runningMean)
    #expect(together.runningVariance == apart.runningVariance)
  }

  /// A value that is not finite is reported where it is first seen, not carried on.
  @Test func namesTheLayerThatMeetsInfinity() throws {
    let pass = PassVariant(shardSize: 2).pass(rows: 2)
    let x = Tensor(shape: [2, 3, 1, 2], lanes: pass.lanes, [0, 1, 2, 3, .infinity, 5, 6, 7, 8, 9, 10, 11])
    #expect(throws: LayerError.self) { try BatchNorm("layer9.bn", channels: 3).statistics(of: x, in: pass) }
  }

  /// All turns of a view share their statistics, so that batch norm leaves what tells them apart; views do not.
  @Test func turnsAreOneBatchAndViewsAreNot() throws {
    let (channels, images) = (3, 4)
    func outcome(_ layout: RowLayout) throws -> [[Float]] {
      var numbers = TestNumbers(seed: 41)
      let layer = BatchNorm("test", channels: channels)
      let x = Tensor(rows: layout.rows, columns: channels, numbers.normals(layout.rows * channels))
      let dy = Tensor(rows: layout.rows, columns: channels, numbers.normals(layout.rows * channels))
      let pass = Pass(.training, layout, in: Surroundings(pool: .forKernels(threads: 1)))
      let statistics = try layer.statistics(of: x, in: pass)
      let y = try layer.normalize(x, statistics, relu: false, in: pass)
      let dx = try layer.backward(dy, input: x, statistics, relu: false, into: dy, in: pass).dx
      return [y.values, dx.values, layer.runningMean, layer.runningVariance]
    }
    let turns = try outcome(RowLayout(images: images, views: 1, turns: 4, shardSize: images))
    #expect(try turns == outcome(RowLayout(images: 4 * images, views: 1, shardSize: 4 * images)))
    #expect(try turns != outcome(RowLayout(images: images, views: 4, shardSize: images)))
  }
}
