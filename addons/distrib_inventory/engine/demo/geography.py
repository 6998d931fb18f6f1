"""Real Chinese cities (GB/T 2260 codes, coordinates of the city centre) and the distance between them."""

import math

from .types import City


def _city(adcode: str, name: str, name_zh: str, latitude: float, longitude: float) -> City:
    return City(adcode, name, name_zh, latitude, longitude)


CENTRAL = (_city("420100", "Wuhan", "武汉", 30.593, 114.305),)

REGIONAL = (
    _city("320500", "Suzhou", "苏州", 31.299, 120.585),
    _city("440100", "Guangzhou", "广州", 23.129, 113.264),
    _city("130100", "Shijiazhuang", "石家庄", 38.043, 114.515),
    _city("510100", "Chengdu", "成都", 30.573, 104.067),
    _city("210100", "Shenyang", "沈阳", 41.806, 123.432),
    _city("610100", "Xi'an", "西安", 34.341, 108.940),
    _city("370100", "Jinan", "济南", 36.651, 117.120),
    _city("430100", "Changsha", "长沙", 28.228, 112.939),
)

# Dealers and shops; the first ones are used at scale 1.
CITIES = (
    _city("330100", "Hangzhou", "杭州", 30.274, 120.155),
    _city("320100", "Nanjing", "南京", 32.060, 118.797),
    _city("440300", "Shenzhen", "深圳", 22.543, 114.058),
    _city("370200", "Qingdao", "青岛", 36.067, 120.383),
    _city("610100", "Xi'an", "西安", 34.341, 108.940),
    _city("410100", "Zhengzhou", "郑州", 34.747, 113.625),
    _city("330200", "Ningbo", "宁波", 29.868, 121.544),
    _city("350200", "Xiamen", "厦门", 24.480, 118.089),
    _city("430100", "Changsha", "长沙", 28.228, 112.939),
    _city("320200", "Wuxi", "无锡", 31.491, 120.312),
    _city("441900", "Dongguan", "东莞", 23.021, 113.752),
    _city("440600", "Foshan", "佛山", 23.022, 113.122),
    _city("370100", "Jinan", "济南", 36.651, 117.120),
    _city("210200", "Dalian", "大连", 38.914, 121.615),
    _city("510100", "Chengdu", "成都", 30.573, 104.067),
    _city("530100", "Kunming", "昆明", 25.039, 102.718),
    _city("340100", "Hefei", "合肥", 31.821, 117.227),
    _city("350100", "Fuzhou", "福州", 26.075, 119.296),
    _city("450100", "Nanning", "南宁", 22.817, 108.367),
    _city("360100", "Nanchang", "南昌", 28.683, 115.858),
    _city("520100", "Guiyang", "贵阳", 26.647, 106.630),
    _city("140100", "Taiyuan", "太原", 37.871, 112.549),
    _city("210100", "Shenyang", "沈阳", 41.806, 123.432),
    _city("230100", "Harbin", "哈尔滨", 45.804, 126.535),
    _city("220100", "Changchun", "长春", 43.817, 125.324),
    _city("130100", "Shijiazhuang", "石家庄", 38.043, 114.515),
    _city("330300", "Wenzhou", "温州", 27.994, 120.699),
    _city("320300", "Xuzhou", "徐州", 34.206, 117.284),
    _city("370600", "Yantai", "烟台", 37.464, 121.448),
    _city("440700", "Jiangmen", "江门", 22.579, 113.082),
    _city("620100", "Lanzhou", "兰州", 36.061, 103.834),
    _city("460100", "Haikou", "海口", 20.044, 110.199),
    _city("420500", "Yichang", "宜昌", 30.692, 111.286),
    _city("410300", "Luoyang", "洛阳", 34.619, 112.454),
    _city("330600", "Shaoxing", "绍兴", 30.030, 120.580),
    _city("320600", "Nantong", "南通", 31.980, 120.894),
)


def distance_km(a: City, b: City) -> float:
    """Great-circle distance in km (haversine, mean Earth radius 6371.0 km).

    >>> round(distance_km(CITIES[0], CITIES[1]))
    237
    >>> distance_km(CITIES[3], CITIES[3])
    0.0
    """
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    d_lat, d_lon = lat_b - lat_a, math.radians(b.longitude - a.longitude)
    h = math.sin(d_lat / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(h))


def nearest(city: City, others: tuple[City, ...] | list[City]) -> int:
    """Index of the nearest of ``others``; the first one when several are equally near."""
    return min(range(len(others)), key=lambda i: (round(distance_km(city, others[i]), 3), i))
