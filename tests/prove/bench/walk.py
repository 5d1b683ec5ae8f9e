"""Walks the list of orders to a page of 20, by pages of 100 so that it takes no hour, and prints that page's path."""
import http.client
import json
import sys
import urllib.parse

host, token, wanted = sys.argv[1:]
before = (int(wanted) - 1) * 20
connection = http.client.HTTPConnection(host)


def page(path):
    connection.request("GET", path, headers={"authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    assert answer.status == 200, body
    return body


cursor = ""
for limit in [100] * (before // 100) + [20] * (before % 100 // 20):
    cursor = "&cursor=" + urllib.parse.quote(page(f"/v1/orders?limit={limit}{cursor}")["nextCursor"])
path = f"/v1/orders?limit=20{cursor}"
assert len(page(path)["data"]) == 20
print(path)
