import Tensors

/// Training images that are kept from a classifier, to choose its setting by.
struct Holdout {
  /// Of each class a tenth, at most 10,000 in all.
  ///
  /// Ascending.
  let held: [Int]

  init(labels: [Int], seed: UInt64) {
    let order = RandomDraws(seed: seed, purpose: .holdout).permutation(of: labels.count)
    let target = max(min(labels.count / 10, 10_000), 1)
    var quota: [Int: Int] = [:]
    for label in labels { quota[label, default: 0] += 1 }
    // Classes keep their shares: a random image is taken where its class still lacks some.
    var taken: [Int: Int] = [:]
    var held: [Int] = []
    for image in order where held.count < target {
      let label = labels[image]
      let share = Double(quota[label]!) * Double(target) / Double(labels.count)
      guard Double(taken[label, default: 0]) < share.rounded(.up) else { continue }
      // A class of one image stays with those that are trained on.
      guard quota[label]! - taken[label, default: 0] > 1 else { continue }
      taken[label, default: 0] += 1
      held.append(image)
    }
    if held.isEmpty { held = [order[0]] }
    self.held = held.sorted()
  }
}
