import CVector
import Foundation
import Foundations
import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

@Suite struct ChannelGateTests {
  private func makeGate(
    _ inChannels: Int, _ outChannels: Int, group: Int = 1, _ numbers: inout TestNumbers
  ) -> ChannelGate {
    let hidden = inChannels / 4
    let gate = ChannelGate(
      "gate", index: 0, inChannels: inChannels, hidden: hidden, outChannels: outChannels,
      rule: GateRule(group: group))
    for parameter in gate.parameters { parameter.array = numbers.normals(parameter.count) }
    gate.tieGroups()
    // Whole hidden units are on or off: none is near its kink.
    gate.batchNorm.weight!.array = numbers.uniforms(hidden, 0.2, 0.4)
    gate.batchNorm.bias!.array = (0..<hidden).map { $0 % 3 == 1 ? -2 : 2 }
    return gate
  }

  /// On the soft path the mask is its sigmoid, so the straight-through gradient is the true one; what budget
  /// and bound losses add is part of the loss.
  @Test(arguments: [(8, 12, 20), (10, 8, 8), (12, 16, 5)])
  func gradientsMatchFiniteDifferencesOnTheSoftPath(images: Int, inChannels: Int, outChannels: Int) throws {
    let shape = [images, inChannels, 3, 2]
    for variant in PassVariant.all(images: images) {
      var numbers = TestNumbers(seed: 11)
      let gate = makeGate(inChannels, outChannels, &numbers)
      let x = numbers.normals(shape.reduce(1, *))
      let coefficients = numbers.normals(images * outChannels)
      // Each image has its own price of a channel.
      let all = numbers.normals(images).map(Double.init)
      let open = numbers.normals(images).map(Double.init)
      func makePass() -> Pass {
        variant.pass(rows: images, noise: DrawnNoise(seed: 1), softGates: true)
      }
      func loss(_ x: [Float]) throws -> Double {
        let mask = try gate.forward(
          Tensor(shape: shape, lanes: variant.lanes, x).means, in: makePass()
        ).mask.values
        return weightedSum(
          mask, coefficients.enumerated().map { $1 + Float(all[$0 / outChannels] + open[$0 / outChannels]) })
      }
      let pass = makePass()
      let input = Tensor(shape: shape, lanes: variant.lanes, x)
      _ = try gate.forward(input.means, in: pass)
      let dcontext = try gate.backward(
        Tensor(shape: [images, outChannels], lanes: variant.lanes, coefficients),
        adding: MaskGradient(all: all, open: open), in: pass)
      let dx = MapGradient(means: dcontext).values(like: input)
      #expect(try gradientError(dx, at: x, step: 3e-3, loss: loss) < 2e-3, "dx, \(variant)")
      for parameter in gate.parameters {
        let values = parameter.array
        let error = try gradientError(parameter.gradientArray, at: values, step: 3e-3) {
          parameter.array = $0
          return try loss(x)
        }
        parameter.array = values
        #expect(error < 2e-3, "\(parameter.name), \(variant)")
      }
    }
  }

  /// A group's channels have one decision, one random number and one gradient, which is their part of the derivative by
  /// the weights that they share.
  @Test(arguments: [2, 4, 8])
  func groupsOpenTogether(group: Int) throws {
    let (images, inChannels, outChannels) = (8, 12, 16)
    let hidden = inChannels / 4
    for variant in PassVariant.all(images: images) {
      var numbers = TestNumbers(seed: 16)
      let gate = makeGate(inChannels, outChannels, group: group, &numbers)
      let single = ChannelGate(
        "gate", index: 0, inChannels: inChannels, hidden: hidden, outChannels: outChannels / group,
        rule: GateRule())
      for (own, other) in zip(single.parameters, gate.parameters).dropLast() { own.array = other.array }
      let rows = gate.excite.weight.array
      single.excite.weight.array = (0..<outChannels / group * hidden).map {
        rows[$0 / hidden * group * hidden + $0 % hidden]
      }
      let x = Tensor(
        shape: [images, inChannels, 3, 2], lanes: variant.lanes, numbers.normals(images * inChannels * 6))
      let dmask = numbers.normals(images * outChannels)
      let all = numbers.normals(images).map(Double.init)
      let open = numbers.normals(images).map(Double.init)
      func run(_ gate: ChannelGate, _ dmask: [Float], perChannel: Double) throws -> (
        mask: [Float], dx: [Float]
      ) {
        let pass = variant.pass(rows: images, noise: DrawnNoise(seed: 3))
        let mask = try gate.forward(x.means, in: pass).mask
        let direct = MaskGradient(all: all.map { perChannel * $0 }, open: open.map { perChannel * $0 })
        let dx = try gate.backward(
          Tensor(shape: [images, dmask.count / images], lanes: variant.lanes, dmask), adding: direct, in: pass
        )
        return (mask.values, dx.values)
      }
      // A gate with one channel for each group, which has the derivatives of them all.
      let sums = (0..<images * outChannels / group).map { i in dmask[i * group..<(i + 1) * group].reduce(0, +)
      }
      let (mask, dx) = try run(gate, dmask, perChannel: 1)
      let (expected, expectedDx) = try run(single, sums, perChannel: Double(group))
      #expect(mask == expected.flatMap { Array(repeating: $0, count: group) }, "\(variant)")
      #expect(Set(mask) == [0, 1])
      #expect(relativeDistance(dx, to: expectedDx) < 1e-5, "\(variant)")
      let gradient = gate.excite.weight.gradientArray
      let shared = single.excite.weight.gradientArray
      for c in 0..<outChannels {
        let own = Array(gradient[c * hidden..<(c + 1) * hidden])
        let first = c - c % group
        // Bit for bit: weights that begin equal stay so.
        #expect(own == Array(gradient[first * hidden..<(first + 1) * hidden]), "\(variant)")
        let part = shared[c / group * hidden..<(c / group + 1) * hidden].map { $0 / Float(group) }
        #expect(relativeDistance(own, to: part) < 1e-5, "\(variant)")
      }
    }
  }

  /// The bound loss reaches open channels alone, the budget loss all of them; each view has its own.
  @Test func budgetGradientsReachTheChannelsTheyShould() throws {
    var numbers = TestNumbers(seed: 12)
    let gate = makeGate(8, 20, &numbers)
    let pool = WorkerPool.forKernels(threads: 1)
    let x = Tensor(shape: [8, 8, 2, 2], lanes: Pass.preferredLanes, numbers.normals(8 * 8 * 4))
    /// The gradient of the last layer, given what is added inside the gate and outside.
    func gradient(
      _ inside: [(all: Double, open: Double)], _ outside: (_ view: Int, _ open: Bool) -> Float
    ) throws -> [Float] {
      let pass = Pass(
        .training, rows: 8, views: 2, shardSize: 2, pool: pool, noise: DrawnNoise(seed: 2))
      let mask = try gate.forward(x.means, in: pass).mask
      #expect(Set(mask.values) == [0, 1])
      let byRow = inside.isEmpty ? [] : (0..<8).map { inside[pass.layout.view(ofRow: $0)] }
      let direct = inside.isEmpty ? nil : MaskGradient(all: byRow.map(\.all), open: byRow.map(\.open))
      let dmask = mask.values.enumerated().map { i, m in outside(pass.layout.view(ofRow: i / 20), m > 0) }
      _ = try gate.backward(Tensor(shape: [8, 20], lanes: pass.lanes, dmask), adding: direct, in: pass)
      return gate.excite.weight.gradientArray
    }
    let inside = try gradient([(all: 0.5, open: 0.25), (all: -1, open: 2)]) { _, _ in
      0
    }
    let outside = try gradient([]) { view, open in
      view == 0 ? (open ? 0.75 : 0.5) : (open ? 1 : -1)
    }
    #expect(inside == outside)
    #expect(inside.contains { $0 != 0 })
  }

  /// A logit of exactly 0 opens in evaluation: where all hidden units are dead, every channel is open.
  @Test func evaluationOpensAtLogitZero() throws {
    var numbers = TestNumbers(seed: 13)
    let gate = makeGate(8, 12, &numbers)
    gate.batchNorm.bias!.array = [-100, -100]
    let pass = PassVariant(shardSize: 3).pass(.evaluation, rows: 3)
    let x = Tensor(shape: [3, 8, 2, 2], lanes: pass.lanes, numbers.normals(3 * 8 * 4))
    let record = try gate.forward(x.means, in: pass)
    #expect(record.mask.values.allSatisfy { $0 == 1 })
    #expect(record.openCounts == [12, 12, 12] && record.maskSums == [12, 12, 12])
  }

  /// The noise stays finite at both ends of [0, 1).
  @Test func noiseIsFiniteAtTheEnds() {
    let noise = logisticNoise([0, 0x1.fffffep-1, 0.5])
    #expect(abs(noise[0] + 18.420681) < 1e-5)
    #expect(noise[1].isFinite)
    #expect(noise[2] == 0)
  }

  /// Noise and sigmoid are those of the C library to a few units in the last place, at the ends too.
  @Test func noiseAndSigmoidAreAccurate() {
    var numbers = TestNumbers(seed: 15)
    let edges: [Float] = [0, 0x1p-24, 1e-8, 0.25, 0.5, 0.70710677, 0.75, 0x1.fffffep-1]
    let uniforms = edges + numbers.uniforms(1003, 0, 1)
    let noise = logisticNoise(uniforms)
    for (u, found) in zip(uniforms, noise) {
      let expected = log(Double(u) + 1e-8) - log(1 - Double(u) + 1e-8)
      #expect(abs(found - expected) <= 1e-15 * max(1, abs(log(Double(u) + 1e-8))), "u = \(u)")
    }
    let logits = numbers.normals(uniforms.count).map { 20 * $0 }
    var soft = [Float](repeating: .nan, count: logits.count)
    var mask = soft
    for temperature in [0.66667, 0.01] {
      vector_gate(logits.count, logits, noise, temperature, &soft, &mask)
      for i in logits.indices {
        let sample = Double(logits[i]) + noise[i]
        let expected = 1 / (1 + exp(-sample / temperature))
        #expect(abs(Double(soft[i]) - expected) <= 6e-8 * expected + 1e-38, "\(sample) at \(temperature)")
        #expect(mask[i] == (sample >= 0 ? 1 : 0))
      }
    }
  }
}
