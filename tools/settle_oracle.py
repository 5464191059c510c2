#!/usr/bin/env python3
"""Settles the hours of a CSV file as the design says, apart from the Swift code: an independent second opinion.

Written from the design's text (models and price rules, largest remainder, rotation) with Python's own integers and
hashlib; it shares no code and no intermediate result with the implementation. Energy in Wh, money in micro-units.

    settle_oracle.py FILE MODEL RULE FIRST_PERIOD

FILE has the columns period_start_local,meter,load_wh,pv_wh. MODEL is evenSplit, proRata or staticKeys; RULE is
midMarketRate, supplyDemandRatio, billSharing or communityTariffs. Prints the traded energy, what each home owes over
all hours, the fund, the rounding account, and SHA-256 over all lines.
"""
import csv
import hashlib
import sys

RETAIL, FEED_IN = 250_000, 80_000          # b and f, micro-units per kWh
CONSUMPTION, PRODUCTION = 180_000, 160_000  # c and p of the community's own tariffs
WHOLE = 10_000                              # keys are parts of this


def first_place(period, count):
    """Who comes first among `count`: the period's place in its block of `count`, shifted by a hash of the block."""
    block = hashlib.sha256((period // count).to_bytes(8, "little")).digest()
    return (period % count + int.from_bytes(block[:8], "big") % count) % count


def largest_remainder(total, weights, period):
    """floor(total w / W), then one each to the largest remainders; ties in rotated order among those with one."""
    whole = sum(weights)
    if total == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    rests = [(total * weight % whole, position) for position, weight in enumerate(weights)]
    rests = [(rest, position) for rest, position in rests if rest > 0]
    if rests:
        first, count = first_place(period, len(rests)), len(rests)
        order = sorted(range(count), key=lambda place: (-rests[place][0], (place - first) % count))
        for place in order[: total - sum(shares)]:
            shares[rests[place][1]] += 1
    return shares


def water_filling(total, demands, period):
    """The same level for everybody, up to the own demand; what does not divide goes to one after the other."""
    hungry = [position for position, demand in enumerate(demands) if demand > 0]
    shares = [0] * len(demands)
    while hungry and total > 0:
        level = total // len(hungry)
        full = [position for position in hungry if demands[position] <= level]
        if not full:
            for position in hungry:
                shares[position] += level
            left = total - level * len(hungry)
            first = first_place(period, len(hungry))
            for place, position in enumerate(hungry):
                if (place - first) % len(hungry) < left:
                    shares[position] += 1
            return shares
        # Serve the smallest one first: the level of the others only rises.
        least = min(full, key=lambda position: demands[position])
        shares[least] = demands[least]
        total -= demands[least]
        hungry.remove(least)
    return shares


def by_keys(surplus, keys, demands, period):
    rest = max(WHOLE - sum(keys), 0)
    shares = largest_remainder(surplus, keys + [rest], period)[:-1]
    return [min(share, demand) for share, demand in zip(shares, demands)]


def money(energy, price):
    """Nearest micro-unit, halves upwards."""
    return (2 * energy * price + 1_000) // 2_000


def keys_of(homes):
    """The keys of the test: 100 more from home to home, scaled to a whole by largest remainder at period 0."""
    return largest_remainder(WHOLE, [400 + 100 * place for place in range(homes)], 0)


def settle(nets, model, rule, period, keys):
    """Lines of one hour: (received, given, bought, sold, paid, earned, rest paid, rest earned); fund; rounding."""
    demand = [max(-net, 0) for net in nets]
    surplus = [max(net, 0) for net in nets]
    d, s = sum(demand), sum(surplus)
    common = min(d, s)
    if model == "evenSplit":
        received = water_filling(common, demand, period)
    elif model == "proRata":
        received = largest_remainder(common, demand, period)
    elif model == "staticKeys":
        received = by_keys(s, keys, demand, period)
    else:
        raise SystemExit(f"unknown model {model}")
    traded = sum(received)
    given = largest_remainder(traded, surplus, period)
    bought = [a - b for a, b in zip(demand, received)]
    sold = [a - b for a, b in zip(surplus, given)]

    inside_c = inside_p = 0
    rest_b, rest_f = RETAIL, FEED_IN
    fund = 0
    grid_paid = grid_earned = None
    if rule == "midMarketRate":
        inside_c = inside_p = (RETAIL + FEED_IN) // 2
    elif rule == "communityTariffs":
        inside_c, inside_p = CONSUMPTION, PRODUCTION
        fund = money(traded, CONSUMPTION - PRODUCTION)
    elif rule == "supplyDemandRatio":
        inside_p = FEED_IN
        if s < d:
            inside_p = RETAIL * FEED_IN * d // ((RETAIL - FEED_IN) * s + FEED_IN * d)
        # The community as a whole buys and sells the rest; c makes the sum zero (T = S: (p S + b (D - S)) div D).
        inside_c = FEED_IN
        if d > 0:
            inside_c = (inside_p * s + RETAIL * (d - traded) - FEED_IN * (s - traded)) // d
        rest_b, rest_f = inside_c, inside_p
    elif rule != "billSharing":
        raise SystemExit(f"unknown rule {rule}")

    paid = [money(x, inside_c) for x in received]
    earned = [money(x, inside_p) for x in given]
    rest_paid = [money(x, rest_b) for x in bought]
    rest_earned = [money(x, rest_f) for x in sold]
    if rule in ("billSharing", "supplyDemandRatio"):
        grid_paid, grid_earned = money(d - traded, RETAIL), money(s - traded, FEED_IN)
    if rule == "billSharing":
        rest_paid = largest_remainder(grid_paid, demand, period)
        rest_earned = largest_remainder(grid_earned, surplus, period)
    if grid_paid is None:
        grid_paid, grid_earned = sum(rest_paid), sum(rest_earned)
    members = sum(paid) + sum(rest_paid) - sum(earned) - sum(rest_earned)
    rounding = members - grid_paid + grid_earned - fund
    lines = list(zip(received, given, bought, sold, paid, earned, rest_paid, rest_earned))
    return traded, lines, fund, rounding


def read(path):
    """Hours in the order of the file: the balance of each home, and the homes."""
    homes, hours, label = [], [], None
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["period_start_local"] != label:
                label = row["period_start_local"]
                hours.append([])
            if len(hours) == 1:
                homes.append(row["meter"])
            hours[-1].append(int(row["pv_wh"]) - int(row["load_wh"]))
    return homes, hours


def main():
    path, model, rule, first = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    homes, hours = read(path)
    keys = keys_of(len(homes))
    total, fund, rounding = 0, 0, 0
    bills = [0] * len(homes)
    digest = hashlib.sha256()
    for hour, nets in enumerate(hours):
        traded, lines, share, left = settle(nets, model, rule, first + hour, keys)
        total, fund, rounding = total + traded, fund + share, rounding + left
        for place, line in enumerate(lines):
            bills[place] += line[4] + line[6] - line[5] - line[7]
            digest.update(",".join(map(str, (first + hour, place + 1) + line)).encode() + b"\n")
    print(f"traded {total}")
    print(f"fund {fund}")
    print(f"rounding {rounding}")
    print("bills " + " ".join(map(str, bills)))
    print(f"lines {digest.hexdigest()}")


if __name__ == "__main__":
    main()
