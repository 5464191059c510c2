#!/usr/bin/env python3
"""Settles the hours of a CSV file as the design says, apart from the Swift code: an independent second opinion.

Written from the design's text (models and price rules, largest remainder, rotation) with Python's own integers and
hashlib; it shares no code and no intermediate result with the implementation. Energy in Wh, money in micro-units.

    settle_oracle.py FILE MODEL RULE FIRST_PERIOD
    settle_oracle.py --quarters FILE MODEL RULE ISO_YEAR ZONE [DAYS]

FILE has the columns period_start_local,meter,load_wh,pv_wh; with --quarters iso_week,weekday,meter,q00,…,q95 with local
quarter hours, to which every fourth home adds a made-up roof (`roof`), so that there is something to trade. MODEL is evenSplit, proRata or staticKeys; RULE is
midMarketRate, supplyDemandRatio, billSharing or communityTariffs. Prints the traded energy, what each home owes over
all hours, the fund, the rounding account, and SHA-256 over all lines.
"""
import csv
import datetime
import hashlib
import sys
import zoneinfo

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
    shares = [0] * len(demands)
    # Serve the smallest one first: the level of the others only rises.
    hungry = sorted((position for position, demand in enumerate(demands) if demand > 0), key=lambda at: demands[at])
    served = 0
    while served < len(hungry) and demands[hungry[served]] <= total // (len(hungry) - served):
        shares[hungry[served]] = demands[hungry[served]]
        total -= demands[hungry[served]]
        served += 1
    rest = sorted(hungry[served:])
    if rest:
        level, left = divmod(total, len(rest))
        first = first_place(period, len(rest))
        for place, position in enumerate(rest):
            shares[position] = level + (1 if (place - first) % len(rest) < left else 0)
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


def roof(home, day, quarter):
    """Wh of the made-up roof of every fourth home, by position, day of the file and local quarter hour."""
    if home % 4 or not 28 <= quarter < 68:
        return 0
    return (quarter - 28) * (68 - quarter) * (3 + (day * 7 + home) % 5)


def read_quarters(path, iso_year, zone, days):
    """Homes in order, and for each quarter hour in UTC (by its number) the balance of each; what lacks counts as 0."""
    local, utc = zoneinfo.ZoneInfo(zone), datetime.timezone.utc
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    homes = sorted({row["meter"] for row in rows})
    place = {name: position for position, name in enumerate(homes)}
    dates = sorted({datetime.date.fromisocalendar(iso_year, int(row["iso_week"]), int(row["weekday"])) for row in rows})
    first_date = dates[0]
    starts, periods, missing = {}, {}, 0
    for date in dates[:days]:
        for quarter in range(96):
            naive = datetime.datetime(date.year, date.month, date.day, quarter // 4, quarter % 4 * 15)
            instants = set()
            for fold in (0, 1):
                instant = naive.replace(tzinfo=local, fold=fold).astimezone(utc)
                if instant.astimezone(local).replace(tzinfo=None) == naive:
                    instants.add(instant)
            numbers = sorted(int(instant.timestamp()) // 900 for instant in instants)
            starts[date, quarter] = numbers[0] if numbers else None
            for number in numbers:
                periods[number] = [None] * len(homes)
    for row in rows:
        date = datetime.date.fromisocalendar(iso_year, int(row["iso_week"]), int(row["weekday"]))
        if (date, 0) not in starts:
            continue
        home, day = place[row["meter"]], (date - first_date).days
        for quarter in range(96):
            number, load = starts[date, quarter], int(row[f"q{quarter:02d}"])
            if number is None:
                continue
            # A negative value is none, and what lacks one register has no complete period.
            made = roof(home, day, quarter)
            periods[number][home] = (made, load) if load >= 0 else (made, None)
    nets = {}
    for number in sorted(periods):
        values = [pair or (0, None) for pair in periods[number]]
        missing += sum(1 for _, load in values if load is None)
        nets[number] = [made - (load or 0) for made, load in values]
    return homes, nets, missing


def report(homes, periods, model, rule, missing=None):
    keys = keys_of(len(homes))
    total, fund, rounding = 0, 0, 0
    bills = [0] * len(homes)
    digest = hashlib.sha256()
    for number, nets in periods:
        traded, lines, share, left = settle(nets, model, rule, number, keys)
        total, fund, rounding = total + traded, fund + share, rounding + left
        for place, line in enumerate(lines):
            bills[place] += line[4] + line[6] - line[5] - line[7]
            digest.update(",".join(map(str, (number, place + 1) + line)).encode() + b"\n")
    print(f"traded {total}")
    print(f"fund {fund}")
    print(f"rounding {rounding}")
    if missing is not None:
        print(f"periods {len(periods)}")
        print(f"missing {missing}")
    print("bills " + " ".join(map(str, bills)))
    print(f"lines {digest.hexdigest()}")


def main():
    if sys.argv[1] == "--quarters":
        path, model, rule, year, zone = sys.argv[2:7]
        days = int(sys.argv[7]) if len(sys.argv) > 7 else 49
        homes, nets, missing = read_quarters(path, int(year), zone, days)
        return report(homes, sorted(nets.items()), model, rule, missing)
    path, model, rule, first = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    homes, hours = read(path)
    report(homes, [(first + hour, nets) for hour, nets in enumerate(hours)], model, rule)


if __name__ == "__main__":
    main()
